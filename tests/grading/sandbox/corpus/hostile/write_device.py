# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
try:
    os.mknod('disk', 0o060666, os.makedev(254, 0))
    open('disk', 'rb').read(512)
    print('read a disk')
except OSError:
    print('safe')
