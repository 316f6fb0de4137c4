# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import socket
try:
    socket.sethostname('hostile')
    print('set')
except OSError:
    print('safe')
