# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "SIGSEGV|memory|took more", "seconds": 2}
import sys
sys.setrecursionlimit(10**9)
class A:
    def __getattr__(self, name):
        return getattr(self, name + 'x')
sys.setrecursionlimit(10**9)
def f():
    return [f() for _ in (1,)]
f()
