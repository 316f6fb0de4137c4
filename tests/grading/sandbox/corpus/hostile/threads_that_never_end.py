# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more", "seconds": 1}
import threading
def spin():
    while True:
        pass
for _ in range(4):
    threading.Thread(target=spin).start()
print('safe')
