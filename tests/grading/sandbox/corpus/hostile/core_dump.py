# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os, signal
if os.fork() == 0:
    os.abort()
os.wait()
print('core' if any('core' in name for name in os.listdir('.')) else 'safe')
