# {"kind": "assert", "tests": ["assert f(1) == P(1)"], "verdict": "right"}
from dataclasses import dataclass
@dataclass
class P:
    x: int
def f(n):
    return P(n)
