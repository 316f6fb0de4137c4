# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": "", "isolated": true}
import socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'hostile', ('127.0.0.1', @UDP@))
except OSError:
    pass
print('safe')
