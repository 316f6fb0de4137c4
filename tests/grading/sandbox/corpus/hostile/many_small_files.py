# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more|files|exit code", "seconds": 1}
n = 0
while True:
    open(f'f{n}', 'w').close()
    n += 1
