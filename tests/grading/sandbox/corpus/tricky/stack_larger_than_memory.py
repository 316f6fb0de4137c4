# {"kind": "stdin", "memory_mb": 256, "tests": [{"input": "", "output": "5000\n"}], "verdict": "right", "because": "", "seconds": 2}
import sys, threading
sys.setrecursionlimit(10**6)
threading.stack_size(2**28)
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)
thread = threading.Thread(target=lambda: print(depth(5000)))
thread.start()
thread.join()
