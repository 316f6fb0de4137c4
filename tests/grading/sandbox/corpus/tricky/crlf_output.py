# {"kind": "stdin", "tests": [{"input": "", "output": "1\n2\n"}], "verdict": "right"}
import sys
sys.stdout.write('1\r\n2\r\n')
