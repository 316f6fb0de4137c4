# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "memory|took more", "seconds": 1}
data = [0]
while True:
    data += data
