# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "memory|took more", "seconds": 6}
import os, time
for _ in range(20):
    if os.fork() == 0:
        data = bytearray(b'x') * (400 * 2**20)
        time.sleep(60)
time.sleep(60)
