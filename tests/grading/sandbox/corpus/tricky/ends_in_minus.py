# {"kind": "stdin", "tests": [{"input": "", "output": "a-\n-\n"}], "verdict": "right"}
print('a-')
print('-')
