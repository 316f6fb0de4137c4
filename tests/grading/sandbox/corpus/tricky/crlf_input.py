# {"kind": "stdin", "tests": [{"input": "1\r\n2\r\n", "output": "3\n"}], "verdict": "right"}
print(int(input()) + int(input()))
