# {"kind": "stdin", "tests": [{"input": "", "output": "3999900\n"}], "verdict": "right"}
import numpy as np
a = np.arange(40000, dtype=float).reshape(200, 200)
print(int((a @ np.eye(200)).trace()))
