# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more than 4 s", "seconds": 1}
import os, select
r, w = os.pipe()
os.read(r, 1)
