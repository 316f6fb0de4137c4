# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrote more than 8 MB"}
import os
os.execv('/usr/bin/yes', ['yes'])
