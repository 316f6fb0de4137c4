# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "needed more than 1024 MB", "seconds": 6}
data = bytearray(2**30)
print('got it')
