"""Measure the house: rooms, import arrows between them, circles, nested comprehensions, lines, files on a way.

    python analysis/house.py            # of the package as it is
    python analysis/house.py --way      # also: files in which a function runs when `filter=length` is run

A room is a folder or a file directly in `ot_grid/`. An arrow is an import from one room to another, also inside a
function, but not for types only. The way is traced in this process and in every process that it starts: a rehearsal
of one cell in a store of its own, some two minutes.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "ot_grid"
SPINE = ("cli", "planning", "running", "cluster", "inference", "stages")  # and the root; without stages/sources
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
TRACER = """
import atexit, os, sys, threading
seen = set()
def note(frame, event, argument):
    name = frame.f_code.co_filename
    if event == "call" and "/ot_grid/" in name and frame.f_code.co_name != "<module>":
        seen.add(name.rpartition("/ot_grid/")[2])
def write():
    with open(os.path.join(os.environ["OT_GRID_WAY"], str(os.getpid())), "a") as file:
        file.write("\\n".join(seen) + "\\n")
sys.setprofile(note), threading.setprofile(note), atexit.register(write)
leave = os._exit
def leaving(code):
    write()
    leave(code)
os._exit = leaving
"""


def room(path: Path) -> str:
    """Return the room of a file: its folder directly in the package, or its own name."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def files() -> list[Path]:
    """Return all files of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a file imports, but those for types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield from imports(node)


def arrows() -> set[tuple[str, str]]:
    """Return (importing room, imported room)."""
    found = set()
    for path in files():
        for name in imports(ast.parse(path.read_text())):
            parts = name.split(".")
            if parts[0] == "ot_grid" and len(parts) > 1 and parts[1] != room(path):
                found.add((room(path), parts[1]))
    return found


def circles(edges: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return pairs of rooms that import each other, directly or through others."""
    reach = {start: _reached(start, edges) for start, _ in edges}
    return sorted({(a, b) for a in reach for b in reach if a < b and b in reach[a] and a in reach[b]})


def _reached(start: str, edges: set[tuple[str, str]]) -> set[str]:
    reached, todo = set(), [start]
    while todo:
        here = todo.pop()
        ahead = {end for begin, end in edges if begin == here} - reached
        reached |= ahead
        todo.extend(ahead)
    return reached


def nested_comprehensions() -> int:
    """Return how many comprehensions hold another one."""
    count = 0
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, COMPREHENSIONS):
                count += any(isinstance(inner, COMPREHENSIONS) for inner in ast.walk(node) if inner is not node)
    return count


def spine() -> int:
    """Return the lines of the spine: the root and the wings of SPINE, without the readers of sources."""
    count = 0
    for path in files():
        inside = path.relative_to(PACKAGE)
        if (inside.parts[0] in SPINE and inside.parts[:2] != ("stages", "sources")) or len(inside.parts) == 1:
            count += path.read_text().count("\n")
    return count


def way() -> list[str]:
    """Return the files in which a function runs when `filter=length` is planned, run and reported."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "site").mkdir()
        (Path(folder) / "seen").mkdir()
        (Path(folder) / "site" / "sitecustomize.py").write_text(TRACER)
        place = {"OT_GRID_WAY": f"{folder}/seen", "PYTHONPATH": f"{folder}/site", "OT_GRID_STORE": f"{folder}/store"}
        for words in (["plan", "filter=length"], ["filter=length"], ["report"]):
            subprocess.run([sys.executable, "-m", "ot_grid", *words], env={**os.environ, **place}, check=True)
        lines = [path.read_text().splitlines() for path in (Path(folder) / "seen").iterdir()]
        return sorted({line for part in lines for line in part if line})


def main() -> None:
    """Print the measures, one a line."""
    parser = argparse.ArgumentParser(description="Measure the house.")
    parser.add_argument("--way", action="store_true", help="also trace filter=length through plan, run and report")
    args = parser.parse_args()
    edges = arrows()
    rooms = {room(path) for path in files()}
    print("root modules", len(list(PACKAGE.glob("*.py"))))
    print("rooms", len(rooms))
    print("import arrows between rooms", len(edges))
    print("pairs of rooms in a circle", len(circles(edges)), *circles(edges)[:5])
    print("comprehensions that hold another", nested_comprehensions())
    print("lines of the package", sum(path.read_text().count("\n") for path in files()))
    print("lines of the spine", spine())
    if args.way:
        passed = way()
        print("files on the way of filter=length", len(passed))
        print("\n".join(passed))


if __name__ == "__main__":
    main()
