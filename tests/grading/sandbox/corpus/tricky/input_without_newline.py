# {"kind": "stdin", "tests": [{"input": "9", "output": "10\n"}], "verdict": "right"}
print(int(input()) + 1)
