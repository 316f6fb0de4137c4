# {"kind": "stdin", "tests": [{"input": "", "output": "1\n"}], "verdict": "wrong", "because": "memory", "seconds": 2}
import threading
threading.stack_size(2**33)
threading.Thread(target=print).start()
