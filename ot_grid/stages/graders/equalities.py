"""Test code in which a comparison with a literal cannot be won by an object that says it equals everything.

One idea: `f(1) == 2` becomes a call that also looks at whose `__eq__` it is. It must not change what a test of plain
values means, nor run it.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from ot_grid.sandbox.inside.child import SAME
from ot_grid.stages.graders.programs import parsed


@lru_cache(maxsize=4096)
def guarded(test: str) -> str:
    """Return test code with its `x == literal` as calls of `SAME`, which the sandbox puts there after the program."""
    tree = parsed(test)
    if tree is None:
        return test
    return ast.unparse(ast.fix_missing_locations(_Guard().visit(tree)))


class _Guard(ast.NodeTransformer):
    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Guard a single `==` with a literal on one side."""
        self.generic_visit(node)
        sides = node.left, node.comparators[0]
        if len(node.ops) > 1 or not isinstance(node.ops[0], ast.Eq) or not any(map(_literal, sides)):
            return node
        return ast.Call(ast.Name(SAME, ast.Load()), list(sides), [])


def _literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
