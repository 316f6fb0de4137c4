"""Every choice composes, binds, and says in its first line what it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
import yaml

from ot_grid import api, registry
from ot_grid.cli import help as usage
from ot_grid.config import RECIPE_GROUPS
from ot_grid.planning import recipe
from ot_grid.planning.pipeline import functions
from ot_grid.planning.recipe import shipped

CONF = shipped("conf")
CHOICES = [
    (group, path.stem)
    for group in (*RECIPE_GROUPS, "cluster", "tracking")
    for path in sorted((CONF / group).glob("*.yaml"))
]
GRADES = [("grade", path.stem) for path in sorted((CONF / "grade").glob("*.yaml"))]
OPEN = {("source", "jsonl"): ["source.jsonl.path=x.jsonl"], ("source", "hf"): ["source.hf.id=a/b"]}


def together() -> Iterator[dict[str, str]]:
    """Yield plans in which each choice is made at least once: the first of every group, the second of every group."""
    groups = {group: [choice for own, choice in CHOICES if own == group] for group, _ in CHOICES}
    # One source alone has nothing to be mixed with.
    groups["mix"] = ["top1"] * len(groups["source"]) + groups["mix"]
    for row in zip_longest(*groups.values()):
        yield {group: choice for group, choice in zip(groups, row, strict=True) if choice}


@pytest.mark.slow
@pytest.mark.parametrize("chosen", list(together()), ids=lambda chosen: ",".join(chosen.values()))
def test_every_choice_composes_and_binds(chosen: dict[str, str]):
    """Each choice of each group makes a plan; types, names and open values are checked on the way."""
    more = [word for choice in chosen.items() for word in OPEN.get(choice, [])]
    plan = api.plan([*(f"{group}='{choice}'" for group, choice in chosen.items()), *more])
    assert plan.runs


@pytest.mark.parametrize("grade", [name for _, name in GRADES])
def test_every_grade_fits_a_benchmark(grade: str):
    """A benchmark is graded otherwise by one override, and the old grader's settings go with it."""
    plan = api.plan(["eval=aime24", f"grade@eval.aime24.grade={grade}"])
    (run,) = [run for run in plan.runs.values() if run.stage == "eval"]
    assert run.reads["benchmark"]["grade"] == recipe.choice("grade", grade)


@pytest.mark.parametrize(("group", "choice"), CHOICES + GRADES, ids=lambda value: value)
def test_the_first_line_of_a_choice_is_a_sentence(group: str, choice: str):
    """It could stand in a row of a table: it is short and ends with a full stop."""
    sentence = usage.sentence(CONF / group / f"{choice}.yaml")
    assert sentence.endswith("."), f"{group}/{choice}: {sentence!r}"
    assert len(sentence) < 140


def test_every_registered_function_has_a_yaml():
    """A function that no YAML names cannot be chosen: it is dead code."""
    registry.load_plugins()
    named = {
        found for group, choice in CHOICES + GRADES for found in _functions(group, CONF / group / f"{choice}.yaml")
    }
    there = {(kind, name) for kind in registry.KINDS for name in registry.names(kind) if ours(kind, name)}
    assert there == named


def ours(kind: str, name: str) -> bool:
    """Whether a function is one of the package, not of a test."""
    return registry.find(kind, name).function.__module__.startswith("ot_grid.")


def _functions(group: str, path: Path) -> set[tuple[str, str]]:
    content = yaml.safe_load(path.read_text())
    if group == "grade":
        return {("grader", content["function"])}
    return set(
        functions({group if group not in ("eval", "source") else {"eval": "benchmark"}.get(group, "source"): content})
    )


def test_words_that_yaml_takes_for_booleans_are_quoted():
    """`on` and `off` without quotes would be true and false."""
    for path in CONF.rglob("*.yaml"):
        for node in yaml.compose(path.read_text()).value if yaml.compose(path.read_text()) else []:
            for scalar in node if isinstance(node, tuple) else (node,):
                assert scalar.tag != "tag:yaml.org,2002:bool" or scalar.value in ("true", "false"), (
                    f"{path}: {scalar.value}"
                )


def test_no_choice_instantiates():
    """Dotted paths in YAML would put module names into keys."""
    assert not [path for path in CONF.rglob("*.yaml") if "_target_" in path.read_text()]


def test_help_names_every_group_and_choice():
    """`--help` lists what there is, from the YAML itself."""
    text = usage.help_text()
    for group, choice in CHOICES:
        assert f"{group}={choice}" in text


@pytest.mark.parametrize(
    ("scale", "rows", "rate", "batch", "epochs"),
    [("ot_0.3k", 316, 1e-5, 32, 13), ("ot_1k", 1000, 2e-5, 96, 7), ("ot_3k", 3160, 2e-5, 96, 7),
     ("ot_10k", 10000, 4e-5, 128, 5), ("ot_31k", 31600, 4e-5, 128, 5), ("ot_100k", 100000, 8e-5, 512, 5),
     ("ot_316k", 316000, 8e-5, 512, 5), ("ot_1.2m", 1200000, 8e-5, 512, 5)],
)  # fmt: skip
def test_scales_hold_the_papers_rows_and_hyper_parameters(scale: str, rows: int, rate: float, batch: int, epochs: int):
    """Rows and presets are those of the released code; packing is for the large ones."""
    recipe = api.plan([f"scale={scale}"]).cells[0].recipe
    assert recipe["scale.rows"] == rows
    assert (recipe["train.learning_rate"], recipe["train.batch_size"], recipe["train.epochs"]) == (rate, batch, epochs)
    assert recipe["train.packing"] is (rows > 31600)
    assert recipe["scale.questions"] * recipe["samples.count"] >= rows
    assert recipe["scale.pool"] >= 3 * recipe["scale.questions"]
    assert recipe["train.max_length"] == 16384
    assert recipe["train.student.id"] == "Qwen/Qwen2.5-7B-Instruct"
