# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "exit code|SIGBUS|files|memory|took more|open", "isolated": true, "seconds": 2}
from multiprocessing import shared_memory
held = []
for _ in range(4000):
    held.append(shared_memory.SharedMemory(create=True, size=2**24))
    held[-1].buf[:] = b'x' * 2**24
