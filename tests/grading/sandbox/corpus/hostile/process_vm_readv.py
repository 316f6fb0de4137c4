# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import ctypes, os
libc = ctypes.CDLL(None)
buffer = ctypes.create_string_buffer(8)
class V(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
local = V(ctypes.addressof(buffer), 8)
remote = V(0x400000, 8)
print('read' if libc.process_vm_readv(os.getppid(), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0 else 'safe')
