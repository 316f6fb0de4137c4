# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output"}
import os, struct
os.write(1, struct.pack('!iddcQQQ', 0, 0.0, 0.0, b' ', 5, 0, 0) + b'safe\n')
