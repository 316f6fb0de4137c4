# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "memory|took more", "seconds": 1}
import zlib
data = zlib.compress(b'0' * 10**8)
held = []
while True:
    held.append(zlib.decompress(data))
