"""Layers: imports go down only, and each heavy library has one door."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ot_grid"

# Lower number, lower layer; a module may import its own layer and those below.
LAYERS = {
    "errors": 0, "key": 0, "extras": 0, "config": 0, "registry": 0, "rows": 0,
    "store": 1, "tables": 1, "attempts": 1, "machine": 1, "stopping": 1, "sizing": 1,
    "inference": 2, "grading": 2, "planning": 2,
    "stages": 3,
    "running": 4, "cluster": 4,
    "launch": 5, "job": 5, "report": 5, "status": 5, "doctor": 5,
    "api": 6,
    "cli": 7,
    "__main__": 8, "__init__": 8,
}  # fmt: skip
# Of one layer, and yet apart: each can be read, tested and changed without the other.
APART = {
    "inference": {"grading", "planning"}, "grading": {"inference", "planning"}, "planning": {"inference", "grading"},
    "running": {"cluster"}, "cluster": {"running"}, "report": {"launch", "job"},
}  # fmt: skip
DOORS = {
    "hydra": {"planning/recipe", "cli"},  # cli hands --cfg, --info and completion to Hydra
    "omegaconf": {"planning/recipe"},
    "submitit": {"cluster", "doctor"},
    "vllm": {"inference"},
    "transformers": {"inference", "stages/training"},
    "torch": {"inference", "stages/training"},
    "trl": {"stages/training"},
    "accelerate": {"stages/training"},
    "wandb": {"report/tracking", "stages/training"},
    "pandas": {"report"},
}
HEAVY = (
    "torch",
    "transformers",
    "trl",
    "vllm",
    "wandb",
    "submitit",
    "pandas",
    "datasets",
    "reasoning_gym",
    "math_verify",
)


def unit(path: Path) -> str:
    """Return the layer's name of a file: its module, or the package it is in."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


@cache
def imported(path: Path) -> list[tuple[str, bool]]:
    """Return (dotted module, whether at the top of the file) of every import that is not for types only."""
    return list(_imported(path))


def _imported(path: Path) -> Iterator[tuple[str, bool]]:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        if not _for_types(node):
            yield from ((name, node.col_offset == 0) for name in names)


def _for_types(node: ast.AST) -> bool:
    while node := getattr(node, "parent", None):  # type: ignore[assignment]
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return True
    return False


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path):
    """No module imports from a layer above its own, not even inside a function."""
    own = LAYERS[unit(path)]
    for name, _ in imported(path):
        if name.startswith("ot_grid."):
            other = name.split(".")[1]
            assert LAYERS[other] <= own, f"{path.name} imports {name}, which is above it"
            assert other not in APART.get(unit(path), ()), f"{path.name} imports {name}, which is a wing apart"


@pytest.mark.parametrize("path", sorted((PACKAGE / "stages").glob("*.py")), ids=lambda path: path.stem)
def test_stages_never_import_each_other(path: Path):
    """Stages meet through artifacts; what they share lies beside them."""
    stages = {"source", "mix", "filter", "dedup", "traces", "verify", "answer_filter", "dataset", "eval"}
    if path.stem not in stages:
        return
    found = {name.split(".")[2] for name, _ in imported(path) if name.startswith("ot_grid.stages.")}
    assert not found & (stages - {path.stem})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_heavy_library_has_one_door(path: Path):
    """hydra, submitit, vllm, torch, trl, wandb are imported where design.md says, and nowhere else."""
    inside = path.relative_to(PACKAGE)
    here = {unit(path), str(inside.parent)}
    for name, _ in imported(path):
        library = name.split(".")[0]
        assert library not in DOORS or DOORS[library] & here, f"{path.name} imports {name}"


@pytest.mark.parametrize(
    "module", ["ot_grid.planning.plan", "ot_grid.planning.sweep", "ot_grid.planning.frozen", "ot_grid.cli.help"]
)
def test_planning_loads_no_heavy_library(module: str):
    """Importing the planner, with every stage it may name, loads no GPU library and no launcher."""
    ask = (
        f"import sys, {module}; from ot_grid.registry import load_plugins; load_plugins();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_importing_the_plan_does_not_load_hydra():
    """Plans are plain values: rebuilding one from a frozen sweep needs no Hydra."""
    ask = "import sys, ot_grid.planning.plan, ot_grid.planning.frozen; print('hydra' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )


def test_every_module_says_what_it_is():
    """Each module has a docstring, and no file or function outgrows its guardrail."""
    for path in FILES:
        tree = ast.parse(path.read_text())
        if path.stat().st_size:
            assert ast.get_docstring(tree), f"{path} has no docstring"
        assert path.read_text().count("\n") <= 300, f"{path} is over 300 lines"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 50, f"{path}: {node.name} is over 50 lines"
