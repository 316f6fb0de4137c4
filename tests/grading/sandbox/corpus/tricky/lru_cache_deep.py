# {"kind": "stdin", "tests": [{"input": "", "output": "50000\n"}], "verdict": "right"}
import sys
from functools import lru_cache
sys.setrecursionlimit(10**6)
@lru_cache(None)
def f(n):
    return 0 if n == 0 else 1 + f(n - 1)
print(f(50000))
