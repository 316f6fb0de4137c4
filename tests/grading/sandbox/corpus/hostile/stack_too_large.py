# {"kind": "stdin", "tests": [{"input": "", "output": "1\n"}], "verdict": "wrong", "because": "memory"}
import threading
threading.stack_size(2**33)
threading.Thread(target=print).start()
