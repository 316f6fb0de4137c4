# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output"}
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(3600)
print('done')
