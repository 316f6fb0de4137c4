# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
try:
    open(f'/proc/{os.getppid()}/mem', 'rb').read(1)
    print('read')
except OSError:
    print('safe')
