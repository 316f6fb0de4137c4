"""Test code that cannot be won by an object that says it equals everything.

One idea: `f(1) == 2` becomes calls that also look at whose types the two values are. It must not change what a test of
plain values means, nor run it.
"""

from __future__ import annotations

import ast
import builtins
from functools import lru_cache

from ot_grid.grading.code.programs import parsed
from ot_grid.grading.sandbox.inside.plain import SAME, TOLD


@lru_cache(maxsize=4096)
def guarded(test: str, names: tuple[str, ...] = ()) -> str:
    """Return test code that calls `SAME` for `x == literal`, and `TOLD` for what the program is to define.

    The sandbox puts both there after the program has run.
    """
    tree = parsed(test)
    if tree is None:
        return test
    return ast.unparse(ast.fix_missing_locations(_Guard(names).visit(tree)))


@lru_cache(maxsize=4096)
def wanted(tests: tuple[str, ...], setup: str = "") -> tuple[str, ...]:
    """Return the names that tests read and do not make: what the program must define."""
    nodes = [node for text in (setup, *tests) for node in ast.walk(parsed(text) or ast.Module([], []))]
    named = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id for node in named if not isinstance(node.ctx, ast.Load)} | {
        word.partition(".")[0] for node in nodes for word in _made(node)
    }
    return tuple(sorted({node.id for node in named} - made - set(dir(builtins))))


@lru_cache(maxsize=4096)
def entries(tests: tuple[str, ...], setup: str = "") -> tuple[str, ...]:
    """Return the names that tests call first: what they are about, and not what they compare its results with."""
    found = set()
    for test in tests:
        calls = [node.func for node in ast.walk(parsed(test) or ast.Module([], [])) if isinstance(node, ast.Call)]
        named = [node for node in calls if isinstance(node, ast.Name) and node.id in wanted(tests, setup)]
        found |= {node.id for node in sorted(named, key=lambda node: (node.lineno, node.col_offset))[:1]}
    return tuple(sorted(found))


def classes(tests: tuple[str, ...], setup: str = "") -> tuple[str, ...]:
    """Return the classes that tests define themselves."""
    trees = (parsed(text) for text in (setup, *tests))
    return tuple(node.name for tree in trees if tree for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _made(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    return [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []


class _Guard(ast.NodeTransformer):
    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Guard a single `==` with a literal on one side."""
        literal = any(map(_literal, (node.left, node.comparators[0])))
        self.generic_visit(node)
        if len(node.ops) > 1 or not isinstance(node.ops[0], ast.Eq) or not literal:
            return node
        return ast.Call(ast.Name(SAME, ast.Load()), [node.left, node.comparators[0]], [])

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Watch what a function of the program returns."""
        if node.id not in self.names or not isinstance(node.ctx, ast.Load):
            return node
        return ast.Call(ast.Name(TOLD, ast.Load()), [node], [])


def _literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
