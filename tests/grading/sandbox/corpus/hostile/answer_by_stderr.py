# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrote nothing"}
import sys
print('safe', file=sys.stderr)
