# {"kind": "assert", "tests": ["assert f(1) == 2", "assert f(2) == 3"], "verdict": "right"}
def f(n):
    return n + 1
