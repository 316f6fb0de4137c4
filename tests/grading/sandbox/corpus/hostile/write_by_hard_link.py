# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
try:
    os.link('@SENTINEL@/file', 'mine')
    open('mine', 'w').write('hostile')
    print('linked')
except OSError:
    print('safe')
