# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "processes or threads|took more", "seconds": 1}
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(60,)).start()
