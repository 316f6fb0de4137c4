# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output, expected 'safe', got 'refused'"}
import os
try:
    os.write(0, b'x' * 100)
    os.ftruncate(0, 0)
    print('safe')
except OSError:
    print('refused')
