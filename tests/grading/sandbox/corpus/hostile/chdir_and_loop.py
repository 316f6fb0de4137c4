# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output|took more", "seconds": 1}
import os
try:
    for n in range(5000):
        os.mkdir('d')
        os.chdir('d')
except OSError:
    pass
print('done')
