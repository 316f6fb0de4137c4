# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": "", "seconds": 1}
import socket
try:
    socket.socket(socket.AF_UNIX).connect('@SENTINEL@/socket')
    print('connected')
except OSError:
    print('safe')
