# {"kind": "stdin", "memory_mb": 64, "tests": [{"input": "", "output": "10\n"}], "verdict": "right", "because": "", "seconds": 2}
import numpy
print(numpy.arange(5).sum())
