# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "memory"}
import pickle
class Bomb:
    def __reduce__(self):
        return (bytearray, (2**33,))
print(len(pickle.loads(pickle.dumps(Bomb()))))
