# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output"}
import os
os.execv('/bin/echo', ['echo', 'other'])
