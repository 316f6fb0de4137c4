# {"kind": "stdin", "tests": [{"input": "", "output": "200000\n"}], "verdict": "right"}
import sys
sys.setrecursionlimit(1 << 25)
def f(n):
    return 0 if n == 0 else 1 + f(n - 1)
print(f(200000))
