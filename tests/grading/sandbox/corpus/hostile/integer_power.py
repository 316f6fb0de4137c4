# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more|memory|exit code", "seconds": 1}
print(len(str(9 ** (9 ** 9))))
