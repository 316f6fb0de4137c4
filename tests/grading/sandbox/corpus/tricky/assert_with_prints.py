# {"kind": "assert", "tests": ["assert f(1) == 2"], "verdict": "right"}
print('loading')
def f(n):
    print(n)
    return n + 1
