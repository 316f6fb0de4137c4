# {"kind": "call", "function": "f", "tests": [{"input": "1", "output": "2"}], "verdict": "wrong", "because": "wrong result"}
def f(n):
    return float('nan')
