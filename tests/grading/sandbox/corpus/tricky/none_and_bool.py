# {"kind": "call", "function": "f", "tests": [{"input": "0", "output": "true"}, {"input": "1", "output": "null"}], "verdict": "right"}
def f(a):
    return None if a else True
