# {"kind": "call", "function": "f", "tests": [{"input": "2", "output": "4"}], "verdict": "right"}
print('hello')
import math
setup = math.sqrt(4)
def f(n):
    return n * setup
