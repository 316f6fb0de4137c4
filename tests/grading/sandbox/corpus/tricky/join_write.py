# {"kind": "stdin", "tests": [{"input": "", "output": "0\n1\n2\n"}], "verdict": "right"}
import sys
sys.stdout.write('\n'.join(map(str, range(3))) + '\n')
