# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
os.symlink('@SENTINEL@/file', 'link')
try:
    open('link', 'w').write('hostile')
    print('written')
except OSError:
    print('safe')
