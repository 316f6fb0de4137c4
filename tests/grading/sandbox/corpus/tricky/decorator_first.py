# {"kind": "call", "function": "fib", "tests": [{"input": "50", "output": "12586269025"}], "verdict": "right"}
from functools import lru_cache
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
