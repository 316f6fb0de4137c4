# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrote more than 8 MB"}
import sys
while True:
    sys.stderr.write('x' * 1000)
