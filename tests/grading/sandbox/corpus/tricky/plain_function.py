# {"kind": "call", "function": "add", "tests": [{"input": "1\n2", "output": "3"}, {"input": "\"a\"\n\"b\"", "output": "\"ab\""}], "verdict": "right"}
def add(a, b):
    return a + b
