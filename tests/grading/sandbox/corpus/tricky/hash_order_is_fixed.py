# {"kind": "stdin", "tests": [{"input": "", "output": "['a', 'b', 'c']\n"}], "verdict": "right"}
print(sorted({'a', 'b', 'c'}))
import os
assert os.environ['PYTHONHASHSEED'] == '0'
