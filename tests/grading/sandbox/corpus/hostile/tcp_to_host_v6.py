# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": "", "isolated": true}
import socket
try:
    socket.create_connection(('::1', @PORT@), timeout=2)
    print('connected')
except OSError:
    print('safe')
