# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "RecursionError"}
def f():
    return f()
f()
