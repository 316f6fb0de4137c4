# {"kind": "stdin", "tests": [{"input": "", "output": "0.3 1000000.6\n"}], "checker": {"function": "float", "tolerance": 1e-06}, "verdict": "right"}
print(0.1 + 0.2, 1e6 + 0.5)
