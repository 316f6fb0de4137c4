# {"kind": "call", "function": "f", "tests": [{"input": "1", "output": "2"}], "verdict": "wrong", "because": "wrote more than 8 MB"}
def f(n):
    return 'x' * 10**8
