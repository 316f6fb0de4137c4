# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import socket
try:
    socket.socket(socket.AF_UNIX).connect('@SENTINEL@/socket')
    print('connected')
except OSError:
    print('safe')
