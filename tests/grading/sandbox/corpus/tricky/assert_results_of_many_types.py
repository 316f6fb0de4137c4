# {"kind": "assert", "tests": ["assert f() == (Fraction(1, 2), Decimal(1), Counter({1: 2}), deque([1]), Point(1, 2))", "assert list(g()) == [0, 1]", "assert h(2)(3) == 5", "assert m() == [1, 2]", "assert abs(n() - 2.5) < 1e-9", "assert r().group() == \"ab\"", "assert s() == {\"a\": {1, 2}}", "assert p() == (1, 2)"], "verdict": "right", "because": "", "seconds": 2}
import re
from collections import Counter, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
import numpy
Point = namedtuple('Point', 'x y')
def f():
    return Fraction(1, 2), Decimal(1), Counter({1: 2}), deque([1]), Point(1, 2)
def g():
    yield from range(2)
def h(a):
    return lambda b: a + b
def m():
    return numpy.array([1, 2]).tolist()
def n():
    return numpy.float64(2.5)
def r():
    return re.search('ab', 'cabd')
def s():
    return {'a': {1, 2}}
def p():
    return Point(1, 2)
