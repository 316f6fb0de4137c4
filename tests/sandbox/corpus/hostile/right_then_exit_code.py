# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "exit code 3", "seconds": 1}
import sys
print('safe')
sys.exit(3)
