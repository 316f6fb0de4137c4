# {"kind": "call", "function": "merge", "tests": [{"input": "[3,1]\nnull", "output": "[1,3]"}], "verdict": "right"}
from typing import List, Optional, Dict
class Solution:
    def merge(self, a: List[int], b: Optional[List[int]]) -> List[int]:
        return sorted(a + (b or []))
