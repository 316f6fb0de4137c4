# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output"}
import os
os.write(1, b'\xff\xfe\x00safe\n')
