# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "exit code 1: ValueError: late"}
print('safe', flush=True)
raise ValueError('late')
