# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output|took more", "seconds": 1}
import os
for _ in range(12):
    try:
        os.fork()
    except OSError:
        pass
print('x')
