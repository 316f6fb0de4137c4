# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrote more than 8 MB"}
while True:
    print('x' * 1000)
