# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}, {"input": "2\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
there = max(libc.msgget(4711, 0o600), libc.semget(4711, 1, 0o600))
if there < 0:
    libc.msgget(4711, 0o1600)
    libc.semget(4711, 1, 0o1600)
print('left' if there >= 0 else 'safe')
