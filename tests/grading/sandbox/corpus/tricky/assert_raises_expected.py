# {"kind": "assert", "tests": ["try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False"], "verdict": "right"}
def f(n):
    if n < 0:
        raise ValueError(n)
    return n
