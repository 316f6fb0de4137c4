# {"kind": "stdin", "tests": [{"input": "", "output": "6 10 6\n"}], "verdict": "right"}
from math import *
from itertools import *
print(gcd(12, 18), comb(5, 2), len(list(permutations('abc'))))
