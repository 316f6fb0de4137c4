# {"kind": "stdin", "tests": [{"input": "", "output": "a\n"}], "verdict": "right"}
import heapq
from dataclasses import dataclass
@dataclass(order=True)
class Node:
    cost: int
    name: str = ''
heap = [Node(3, 'c'), Node(1, 'a'), Node(2, 'b')]
heapq.heapify(heap)
print(heapq.heappop(heap).name)
