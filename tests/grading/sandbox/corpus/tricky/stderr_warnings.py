# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import sys, warnings
warnings.warn('careful')
print('debug', file=sys.stderr)
print(10)
