# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}, {"input": "5\n6 7 8\n", "output": "26\n"}], "verdict": "right"}
import sys
a = list(map(int, sys.stdin.buffer.readline().split()))
b = list(map(int, sys.stdin.buffer.readline().split()))
print(sum(a) + sum(b))
