# {"kind": "stdin", "tests": [{"input": "", "output": "1 2 3"}], "verdict": "right"}
print(1, 2, 3, sep=' ', end='\n\n')
