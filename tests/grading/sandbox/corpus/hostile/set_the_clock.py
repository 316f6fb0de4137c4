# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import time
try:
    time.clock_settime(time.CLOCK_REALTIME, 0)
    print('set')
except OSError:
    print('safe')
