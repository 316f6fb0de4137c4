"""The house stays in order: how large it is, one name for one thing, examples that are true."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = (
    "ot_grid.config", "ot_grid.extras", "ot_grid.planning.frozen", "ot_grid.planning.plan", "ot_grid.key",
    "ot_grid.sizing.models", "ot_grid.sizing.gpus", "ot_grid.sizing.generation", "ot_grid.stages.training.dealing",
    "ot_grid.report.scaling",
)  # fmt: skip
CORE = {  # module -> its test file
    "running/execute": "running/test_execute.py", "job": "test_job.py", "cluster/standing": "cluster/test_standing.py",
    "planning/recipe": "planning/test_recipe.py", "planning/sweep": "planning/test_sweep.py",
    "planning/signatures": "planning/test_signatures.py", "cluster/control": "cluster/test_control.py",
    "status/explain": "status/test_explain.py", "report/reproduce": "report/test_reproduce.py",
    "machine": "test_machine.py", "cluster/capacity": "cluster/test_capacity.py",
}  # fmt: skip
SPINE = 12_600  # lines; raise it with a reason in CONTRIBUTING, under "Decisions"
ROOMS_AT_THE_ROOT = 16


def house() -> ModuleType:
    """Return analysis/house.py as a module."""
    spec = importlib.util.spec_from_file_location("house", ROOT / "analysis" / "house.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_house_is_no_larger_than_was_agreed():
    """The root holds few modules, rooms form no circle, and the spine is read in a day."""
    measures = house()
    assert len(list(measures.PACKAGE.glob("*.py"))) <= ROOMS_AT_THE_ROOT
    assert measures.circles(measures.arrows()) == []
    assert measures.spine() <= SPINE


def test_no_class_has_the_name_of_another():
    """Whoever searches for a class finds one."""
    names: Counter[str] = Counter()
    for path in (ROOT / "ot_grid").rglob("*.py"):
        names.update(node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_in_docstrings_are_true(name: str):
    """What a docstring shows is what happens."""
    result = doctest.testmod(importlib.import_module(name))
    assert (result.failed, result.attempted > 0) == (0, True)


@pytest.mark.parametrize(("module", "file"), CORE.items(), ids=list(CORE))
def test_each_core_module_has_a_test_file_of_its_name(module: str, file: str):
    """So that whoever changes it knows where to look."""
    assert (ROOT / "ot_grid" / module).with_suffix(".py").exists() or (ROOT / "ot_grid" / module).is_dir()
    assert (ROOT / "tests" / file).exists()
