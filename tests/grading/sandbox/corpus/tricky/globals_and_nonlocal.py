# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
total = 0
def outer():
    inner_total = 0
    def inner(n):
        nonlocal inner_total
        global total
        inner_total += n
        total += n
    for n in (1, 2, 3, 4):
        inner(n)
    return inner_total
assert outer() == total
print(total)
