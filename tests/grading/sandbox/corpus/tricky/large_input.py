# {"kind": "stdin", "tests": [{"input": {"text": "12345\n", "times": 850000}, "output": "10493250000\n"}], "verdict": "right"}
import sys
print(sum(map(int, sys.stdin.buffer.read().split())))
