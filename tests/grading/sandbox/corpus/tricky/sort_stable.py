# {"kind": "stdin", "tests": [{"input": "", "output": "['a', 'd', 'bb', 'cc']\n"}], "verdict": "right"}
print(sorted(['bb', 'a', 'cc', 'd'], key=len))
