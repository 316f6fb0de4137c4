# {"kind": "stdin", "tests": [{"input": "", "output": "1 2 3\n4\n"}], "verdict": "right"}
print('1 2 3 ')
print('4\t')
print()
print()
