# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import fileinput
print(sum(int(x) for line in fileinput.input() for x in line.split()))
