# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more", "seconds": 1}
class A:
    def __del__(self):
        while True:
            pass
a = A()
print('safe')
