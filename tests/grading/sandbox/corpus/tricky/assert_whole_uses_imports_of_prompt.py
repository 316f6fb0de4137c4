# {"kind": "assert", "tests": ["assert f([1, 2, 3]) == 6"], "before": "from typing import List\n\ndef helper(n):\n    return n * 2\n\ndef f(numbers: List[int]) -> int:\n    \"\"\" The largest, doubled. \"\"\"\n", "entry": "f", "verdict": "right"}
def f(numbers: List[int]) -> int:
    return helper(max(numbers))
