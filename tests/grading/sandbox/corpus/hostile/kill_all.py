# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output|sandbox|ProcessLookupError"}
import os, signal
os.kill(-1, signal.SIGKILL)
print('done')
