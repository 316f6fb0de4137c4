# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "RecursionError", "seconds": 1}
def f():
    return f()
f()
