# {"kind": "call", "function": "twoSum", "tests": [{"input": "[2,7,11,15]\n9", "output": "[0,1]"}, {"input": "[3,3]\n6", "output": "[0, 1]"}], "verdict": "right"}
class Solution:
    def twoSum(self, nums, target):
        seen = {}
        for i, n in enumerate(nums):
            if target - n in seen:
                return [seen[target - n], i]
            seen[n] = i
