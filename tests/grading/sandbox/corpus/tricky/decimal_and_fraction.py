# {"kind": "stdin", "tests": [{"input": "", "output": "0.125 1/2\n"}], "verdict": "right"}
from decimal import Decimal, getcontext
from fractions import Fraction
getcontext().prec = 50
print(Decimal(1) / Decimal(8), Fraction(1, 3) + Fraction(1, 6))
