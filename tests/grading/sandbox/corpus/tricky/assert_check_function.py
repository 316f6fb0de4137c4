# {"kind": "assert", "tests": ["def check(candidate):\n    assert candidate(1) == 2\n    assert abs(candidate(1.5) - 2.5) < 1e-6\ncheck(f)"], "verdict": "right"}
def f(n):
    return n + 1
