# {"kind": "stdin", "tests": [{"input": "", "output": "yes\n"}], "verdict": "right"}
def even(n):
    return n == 0 or odd(n - 1)
def odd(n):
    return n != 0 and even(n - 1)
print('yes' if even(100) else 'no')
