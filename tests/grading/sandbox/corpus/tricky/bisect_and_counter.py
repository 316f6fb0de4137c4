# {"kind": "stdin", "tests": [{"input": "", "output": "2 2 1\n"}], "verdict": "right"}
import bisect
from collections import Counter, defaultdict, deque
print(bisect.bisect([1, 3, 5], 4), Counter('aab')['a'], deque([1, 2]).popleft())
