# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more than 1 s of CPU time", "seconds": 1}
while True:
    pass
