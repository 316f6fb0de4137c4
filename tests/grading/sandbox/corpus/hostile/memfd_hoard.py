# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
held = []
try:
    for n in range(100):
        held.append(os.memfd_create(str(n)))
        os.write(held[-1], b'x' * 2**24)
    print('held')
except OSError:
    print('safe')
