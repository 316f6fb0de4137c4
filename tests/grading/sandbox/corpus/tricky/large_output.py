# {"kind": "stdin", "tests": [{"input": "", "output": {"text": "x", "times": 2000000}}], "verdict": "right"}
print('x' * 2_000_000)
