# {"kind": "call", "function": "f", "tests": [{"input": "1", "output": "2"}], "verdict": "wrong", "because": "cannot be read|exit code|SIGSEGV"}
import sys
sys.setrecursionlimit(10**6)
def f(n):
    a = []
    for _ in range(100000):
        a = [a]
    return a
