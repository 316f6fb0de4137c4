# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "needed more than 1024 MB"}
data = bytearray(2**30)
print('got it')
