# {"kind": "call", "function": "total", "tests": [{"input": "[1,2,3]", "output": "7"}], "verdict": "right"}
import numpy as np
def total(a):
    return np.sum(np.array(a)) + np.int64(1)
