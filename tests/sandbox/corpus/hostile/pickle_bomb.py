# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "memory", "seconds": 1}
import pickle
class Bomb:
    def __reduce__(self):
        return (bytearray, (2**33,))
print(len(pickle.loads(pickle.dumps(Bomb()))))
