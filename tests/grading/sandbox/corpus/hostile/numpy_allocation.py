# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "memory"}
import numpy
print(numpy.ones(2**30).sum())
