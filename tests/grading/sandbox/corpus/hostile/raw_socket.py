# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import socket
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
    print('open')
except OSError:
    print('safe')
