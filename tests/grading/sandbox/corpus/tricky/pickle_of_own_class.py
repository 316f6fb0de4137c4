# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import pickle
class Box:
    def __init__(self, n):
        self.n = n
print(pickle.loads(pickle.dumps(Box(10))).n)
