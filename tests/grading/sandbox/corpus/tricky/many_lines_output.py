# {"kind": "stdin", "tests": [{"input": "", "output": {"text": "7\n", "times": 200000}}], "verdict": "right"}
for i in range(200000):
    print(7)
