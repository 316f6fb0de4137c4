# {"kind": "stdin", "tests": [{"input": "", "output": "3011 246336683\n"}], "verdict": "right"}
print(len(str(2**10000)), pow(3, 10**18, 10**9 + 7))
