# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": "", "isolated": true}
import socket
try:
    socket.getaddrinfo('example.com', 80)
    print('resolved')
except OSError:
    print('safe')
