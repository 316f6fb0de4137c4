# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
class Point:
    __slots__ = ('x', 'y')
    __match_args__ = ('x', 'y')
    def __init__(self, x, y):
        self.x, self.y = x, y
match Point(3, 7):
    case Point(a, b) if (total := a + b) > 5:
        print(total)
