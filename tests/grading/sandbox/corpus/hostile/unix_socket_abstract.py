# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": "", "isolated": true}
import socket
try:
    socket.socket(socket.AF_UNIX).connect('\0ot_grid-corpus-@PORT@')
    print('connected')
except OSError:
    print('safe')
