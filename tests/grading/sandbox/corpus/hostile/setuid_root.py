# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
try:
    os.setuid(0)
    print('root')
except OSError:
    print('safe')
