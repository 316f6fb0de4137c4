# {"kind": "call", "function": "f", "tests": [{"input": "[1]", "output": "[1]"}], "verdict": "right"}
def f(a):
    print('debug', a)
    return a
