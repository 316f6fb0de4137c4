# {"kind": "assert", "tests": ["assert f() == 1"], "verdict": "right"}
def len(x):
    return 3
def f():
    return 1
