# {"kind": "call", "function": "double", "tests": [{"input": "[1,2,3]", "output": "[2,4,6]"}], "verdict": "right"}
import numpy as np
def double(a):
    return np.array(a) * 2
