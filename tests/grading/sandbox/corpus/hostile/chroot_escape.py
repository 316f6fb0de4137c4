# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
try:
    os.mkdir('jail')
    os.chroot('jail')
    os.chroot('../../../../..')
    print('escaped')
except OSError:
    print('safe')
