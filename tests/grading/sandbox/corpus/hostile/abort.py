# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "SIGABRT"}
import os
os.abort()
