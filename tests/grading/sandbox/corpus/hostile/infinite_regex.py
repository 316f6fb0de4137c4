# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more", "seconds": 1}
import re
re.match(r'(a+)+$', 'a' * 60 + 'b')
