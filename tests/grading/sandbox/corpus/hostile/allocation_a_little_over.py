# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "needed more than 1024 MB"}
data = b'x' * (1100 * 2**20)
print('safe')
