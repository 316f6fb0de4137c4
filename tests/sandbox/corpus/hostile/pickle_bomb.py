# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "memory", "seconds": 1}
import pickle
print(len(pickle.loads(b'\x80\x04]\x94' + b'(h\x00h\x00h\x00e' * 10)))
print('x' * (2**33))
