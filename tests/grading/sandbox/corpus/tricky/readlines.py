# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import sys
lines = sys.stdin.readlines()
print(sum(int(x) for line in lines for x in line.split()))
