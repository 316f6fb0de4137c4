# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os, sys
try:
    open(os.__file__, 'a').write('x')
    print('written')
except OSError:
    print('safe')
