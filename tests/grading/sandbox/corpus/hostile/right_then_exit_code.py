# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "exit code 3"}
import sys
print('safe')
sys.exit(3)
