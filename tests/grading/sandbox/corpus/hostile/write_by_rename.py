# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
open('mine', 'w').write('hostile')
try:
    os.rename('mine', '@SENTINEL@/file')
    print('renamed')
except OSError:
    print('safe')
