# {"kind": "assert", "tests": ["assert f(root) == 5"], "setup": "root = Node(5)", "verdict": "right"}
class Node:
    def __init__(self, n):
        self.n = n
def f(node):
    return node.n
