# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrote nothing"}
import os, time
if os.fork() == 0:
    time.sleep(3600)
os._exit(0)
