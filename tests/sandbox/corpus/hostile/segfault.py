# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "SIGSEGV", "seconds": 1}
import ctypes
ctypes.string_at(0)
