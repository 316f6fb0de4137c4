# {"kind": "call", "function": "pair", "tests": [{"input": "1", "output": "[1, [2, [3]]]"}], "verdict": "right"}
def pair(a):
    return (a, (a + 1, [a + 2]))
