"""A plan is the graph of unique stage runs, and its keys depend on the recipe alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from ot_grid import api
from ot_grid.config import Recipe
from ot_grid.planning.plan import Builder, Plan
from tests.planning.settings import leaves

# Which stages read a field, by the longest matching beginning of its dotted path: written down apart from the code.
READERS = {
    "source": {"source"},
    "mix.function": {"mix"},
    "mix.weights": {"mix"},
    "mix.take": set(),  # decides how many sources there are, not what a stage does
    "filter": {"filter"},
    "dedup": {"dedup"},
    "samples": {"traces"},
    "teacher": {"traces"},
    "verify": {"verify"},
    "answer_filter": {"answer_filter"},
    "format": {"dataset"},
    "train": {"train"},
    **{f"train.{name}": {"dataset", "train"} for name in ("student", "template", "max_length")},
    "eval": {"eval"},
    **{f"eval.{name}.data": {"benchmark"} for name in ("sums", "products", "gcd")},
    **{f"eval.{name}.held_out": set() for name in ("sums", "products", "gcd")},  # reports alone look at it
    "scale.pool": {"mix"},
    "scale.questions": {"filter", "traces"},
    "scale.rows": {"traces", "answer_filter"},
    "scale.max_tokens": set(),  # done to teachers, scorers and benchmarks before keys are made
    "scale.stand_in": set(),
    "domain": set(),
}
EVERY_STAGE = ["mix=equal", "filter=length", "verify=on", "answer_filter=longest", "dedup=exact"]


def other(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, list):
        return [*value, "x"]
    return f"{value}x"


def changed(settings: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return settings with one leaf changed."""
    head, _, rest = path.partition(".")
    return {**settings, head: changed(settings[head], rest) if rest else other(settings[head])}


def keys(plan: Plan | Builder) -> dict[tuple[str, str], str]:
    return {(run.stage, run.label): run.key for run in plan.runs.values()}


BASE = api.plan(EVERY_STAGE)
FIELDS = [path for path, _ in leaves(BASE.cells[0].recipe.settings)]


# A function's name must stay one that is registered; domain, branches and take decide which stage runs there are.
CHANGEABLE = [path for path in FIELDS if path.rpartition(".")[2] not in ("function", "domain", "branches", "take")]


@pytest.mark.parametrize("path", CHANGEABLE)
def test_each_recipe_field_changes_exactly_the_stages_that_read_it(path: str):
    """A changed field changes what its readers read, their keys and those after them, and no other key."""
    cell, builder = BASE.cells[0], Builder()
    builder.cell({}, Recipe(changed(cell.recipe.settings, path), cell.recipe.choices))
    item = path.split(".")[1] if path.split(".")[0] in ("source", "eval") else None  # one source, one benchmark
    hit = {
        (run.stage, run.label) for run in BASE.runs.values() if run.stage in readers(path) and item in (None, run.label)
    }
    before = {(run.stage, run.label): run.reads for run in BASE.runs.values()}
    after = {(run.stage, run.label): run.reads for run in builder.runs.values()}
    assert {name for name in after if after[name] != before[name]} == hit
    old, new = keys(BASE), keys(builder)
    assert {name for name in old if old[name] != new[name]} == hit | downstream(hit)


def readers(path: str) -> set[str]:
    """Return the stages that read a field; none read the settings of a branch that the recipe does not have."""
    if ".per_domain.code." in path or ".per_domain.science." in path:
        return set()
    return READERS[max((prefix for prefix in READERS if path == prefix or path.startswith(f"{prefix}.")), key=len)]


def downstream(hit: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the stage runs of BASE that come after any of some, by following inputs."""
    changed_keys = {keys(BASE)[name] for name in hit}
    found = set()
    for run in BASE.runs.values():
        if changed_keys & set(run.inputs):
            changed_keys.add(run.key)
            found.add((run.stage, run.label))
    return found


def closed_formula(sources: int, benchmarks: int) -> int:
    """design.md 5: for chained choices c1..ck, the sum of c1*..*ci; `none` and `off` leave no stage run."""
    filters, teachers, verified = 4, 3, 2
    mix, filtered, deduped = 1, filters - 1, filters
    traces = filters * teachers
    verify = traces * (verified - 1)
    cells = traces * verified
    return sources + mix + filtered + deduped + traces + verify + benchmarks + cells * (2 + benchmarks)


@pytest.mark.slow  # computes for seconds
def test_unique_stage_runs_equal_the_closed_formula():
    """24 cells of four filters, three teachers, verified or not: shared prefixes are planned once."""
    plan = api.plan(["filter=length,difficulty,random,none", "teacher=qwq,r1,phi", "verify=on,off"])
    recipe = plan.cells[0].recipe
    sources = min(recipe["mix.take"], len(recipe["source"]))
    assert len(plan.cells) == 24
    assert len(plan.runs) == closed_formula(sources, len(recipe["eval"]))
    assert plan.naive == sum(len(cell.runs) for cell in plan.cells) > len(plan.runs)


def test_a_stage_that_does_nothing_is_absent():
    """filter=none, dedup=none, verify=off and answer_filter=none leave no stage run."""
    plan = api.plan(["filter=none", "dedup=none", "verify=off", "answer_filter=none"])
    assert {run.stage for run in plan.runs.values()} == {
        "source",
        "mix",
        "traces",
        "dataset",
        "train",
        "benchmark",
        "eval",
    }


def test_every_input_is_planned_before_what_needs_it():
    """The order of a plan is an order in which it can run."""
    plan = api.plan(["filter=length,none", "verify=on,off"])
    seen: set[str] = set()
    for run in plan.runs.values():
        assert set(run.inputs) <= seen
        seen.add(run.key)


@pytest.mark.parametrize(
    "runtime",
    ["cluster=slurm", "cluster.workers=7", "cluster.batch_size=1", "cluster.engine=vllm", "tracking='off'",
     "store=/somewhere/else", "cluster.model_cache=/x", "+cluster.models={a: /b}"],
)  # fmt: skip
def test_where_it_runs_changes_no_key(runtime: str):
    """Cluster, tracking, store path and model folders cannot enter a key."""
    assert keys(api.plan(["filter=length", runtime])) == keys(api.plan(["filter=length"]))


def test_host_user_and_folder_change_no_key(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Another host name, user, home, current folder and hash seed give the same keys."""
    ask = "from ot_grid import api; print(sorted(api.plan(['filter=length,difficulty']).runs))"
    environment = {
        **os.environ,
        "USER": "somebody",
        "HOME": str(tmp_path),
        "HOSTNAME": "elsewhere",
        "PYTHONHASHSEED": "7",
    }
    answer = subprocess.run(
        [sys.executable, "-c", ask], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == str(sorted(api.plan(["filter=length,difficulty"]).runs))


def test_a_renamed_choice_keeps_its_key(tmp_path):
    """The same settings under another name are the same stage run: a name is no identity."""
    (tmp_path / "dedup").mkdir()
    (tmp_path / "dedup" / "mine.yaml").write_text("# Mine.\nfunction: exact\n")
    assert (
        keys(api.plan(["dedup=exact"]))["traces", "qwq-x1"]
        == keys(api.plan(["dedup=mine"], config_dir=str(tmp_path)))["traces", "qwq-x1"]
    )


def test_planning_writes_nothing(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Planning leaves no file behind, in the current folder or in the store."""
    monkeypatch.chdir(tmp_path)
    api.plan(["filter=length,difficulty", f"store={tmp_path}/s"])
    assert list(tmp_path.iterdir()) == []


def test_benchmarks_are_added_without_running_the_others_again():
    """One run a benchmark: a larger suite keeps the keys of the smaller one's."""
    small, large = keys(api.plan(["eval=sums"])), keys(api.plan(["eval=[sums,gcd]"]))
    assert small.items() <= large.items()


def test_a_smaller_mix_shares_its_sources():
    """mix=top1 and mix=top2 share the best source."""
    plan = api.plan(["mix=top1,top2"])
    assert sum(run.stage == "source" for run in plan.runs.values()) == 2


@pytest.mark.parametrize("swept", ["train.seed=range(0,1)", "train.seed=choice(0)", "train.seed=shuffle(range(0,1))"])
def test_a_sweep_of_one_value_is_that_value(swept: str):
    """A range that names one number is a factor with one value, and the stage runs are those of the number itself."""
    plan = api.plan(["filter=none", swept])
    assert plan.factors == {"train.seed": ("0",)}
    assert keys(plan) == keys(api.plan(["filter=none", "train.seed=0"]))


def test_a_glob_that_fits_one_choice_is_that_choice():
    """The same holds for choices of a group."""
    plan = api.plan(["filter=glob(len*)"])
    assert plan.factors == {"filter": ("length",)}
    assert keys(plan) == keys(api.plan(["filter=length"]))
