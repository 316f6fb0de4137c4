# {"kind": "stdin", "tests": [{"input": "", "output": "300\n"}], "verdict": "right"}
data = bytearray(300 * 2**20)
print(len(data) // 2**20)
