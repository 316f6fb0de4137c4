# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "SIGKILL|sandbox"}
import os, signal
os.killpg(0, signal.SIGKILL)
