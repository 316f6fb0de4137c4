# {"kind": "stdin", "tests": [{"input": "", "output": "1\n2.5 3.0\n"}], "verdict": "right"}
print(1.0)
print('2.50', 3)
