# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more|memory|exit code", "seconds": 1}
x = ((((1 << 10000) ** 1000) ** 1000) ** 100)
print(x)
