# {"kind": "call", "function": "f", "tests": [{"input": "1", "output": "2"}], "verdict": "right"}
def f(a):
    return a + 1
if __name__ == '__main__':
    print(f(int(input())))
