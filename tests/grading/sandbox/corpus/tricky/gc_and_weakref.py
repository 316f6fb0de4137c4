# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import gc, weakref
class A:
    pass
a = A()
r = weakref.ref(a)
del a
gc.collect()
print(10 if r() is None else 0)
