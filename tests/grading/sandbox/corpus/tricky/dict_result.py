# {"kind": "call", "function": "count", "tests": [{"input": "\"aab\"", "output": "{\"a\": 2, \"b\": 1}"}], "verdict": "right"}
from collections import Counter
def count(s):
    return Counter(s)
