# {"kind": "assert", "tests": ["assert f([1, 2, 3]) == 6"], "before": "from typing import List\n\ndef helper(n):\n    return n * 2\n\ndef f(numbers: List[int]) -> int:\n    \"\"\" The first above 2, doubled. \"\"\"\n", "entry": "f", "verdict": "right"}
    for n in numbers:
        if n > 2:
            return helper(n)
    return 0
