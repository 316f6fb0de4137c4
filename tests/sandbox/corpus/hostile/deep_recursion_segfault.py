# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "SIGSEGV|memory|CPU", "seconds": 6}
import sys
sys.setrecursionlimit(10**9)
class A:
    def __getattr__(self, name):
        return getattr(self, name + 'x')
sys.setrecursionlimit(10**9)
def f():
    return [f() for _ in (1,)]
f()
