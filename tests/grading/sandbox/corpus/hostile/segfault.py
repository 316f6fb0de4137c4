# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "SIGSEGV"}
import ctypes
ctypes.string_at(0)
