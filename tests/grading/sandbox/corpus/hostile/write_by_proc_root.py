# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
try:
    open('/proc/1/root@SENTINEL@/file', 'w').write('hostile')
    print('written')
except OSError:
    print('safe')
