# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}, {"input": "5\n6 7 8\n", "output": "26\n"}], "verdict": "right"}
import sys
print(sum(map(int, sys.stdin.buffer.read().split())))
