"""Real benchmarks put to a real student through the command a user types, whole and in shards."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ot_grid import api, rows, store, tables
from ot_grid.config import Runtime
from ot_grid.planning.plan import Plan
from ot_grid.running.processes import Processes
from tests.requires import ALL

pytestmark = pytest.mark.slow

TRAINED = [
    "scale.pool=6", "scale.questions=4", "scale.max_tokens=12", "train.batch_size=2", "train.checkpoint_steps=2",
    "train.max_length=256", "train.epochs=1", "source=gsm8k", "mix=top1", "filter=none", "teacher=reference",
    "verify=on", "tracking='off'",
]  # fmt: skip
FILES = {"aime24": "aime24.json", "gsm8k": "gsm8k_test.jsonl", "math500": "math500.jsonl", "mbpp": "mbpp.jsonl",
         "mmlu_science": "mmlu_science.jsonl"}  # fmt: skip
FEW, REPEATS = (4, 10) if ALL else (2, 4)
LIMITS = {"aime24": 1, "gsm8k": FEW, "math500": FEW, "mbpp": FEW, "mmlu_science": FEW}


def overrides(shared_data: Path) -> list[str]:
    """Return the command's words: a student trained for two steps, and five benchmarks of a few questions each."""
    told = [f"eval=[{','.join(FILES)}]", f"source.gsm8k.file={shared_data}/gsm8k_train.jsonl"]
    for name, file in FILES.items():
        told += [f"eval.{name}.data.file={shared_data / file}", f"eval.{name}.limit={LIMITS[name]}"]
    return [*TRAINED, *told, f"eval.aime24.repeats={REPEATS}"]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> tuple[Path, Plan]:
    """A store in which the command has run, and its plan."""
    place = tmp_path_factory.mktemp("evaluated") / "store"
    words = [*overrides(shared_data), f"store={place}"]
    done = subprocess.run([sys.executable, "-m", "ot_grid", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return place, api.plan(words)


def matrices(place: Path, plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return the matrix of every benchmark."""
    artifacts = api.artifacts_of(plan)
    found = {run.label: place / artifacts.relative(run) for run in plan.runs.values() if run.stage == "eval"}
    return {label: tables.read_rows(folder / "data" / "matrix.parquet") for label, folder in found.items()}


def test_five_benchmarks_come_out_whole(evaluated: tuple[Path, Plan]):
    """Math, code and multiple choice: every question and repeat has a reply, its prompt, and a verdict that decides."""
    found = matrices(*evaluated)
    assert {name: len(each) for name, each in found.items()} == {**LIMITS, "aime24": REPEATS}
    for row in (row for each in found.values() for row in each):
        assert row["verdict"] in (rows.RIGHT, rows.WRONG), row
        assert row["output_tokens"] > 0
        assert len(row["prompt_digest"]) == 64
    assert sorted(row["repeat"] for row in found["aime24"]) == list(range(REPEATS))
    assert len({row["reply_digest"] for row in found["aime24"]}) > 1


def test_the_record_says_who_graded_and_where_code_ran(evaluated: tuple[Path, Plan]):
    """Graders and their packages are in the record; for code, what kept it from the machine."""
    place, plan = evaluated
    artifacts = api.artifacts_of(plan)
    records = {
        run.label: store.record_of(place / artifacts.relative(run)) for run in plan.runs.values() if run.stage == "eval"
    }
    assert records["mbpp"]["grader"]["function"] == "code"
    assert records["mbpp"]["sandbox"] in ("bubblewrap", "namespaces", "rlimits")
    assert records["gsm8k"]["grader"]["math-verify"]
    assert "sandbox" not in records["gsm8k"]


@pytest.mark.long  # two jobs answer each benchmark together in tests/slurm/test_grid.py, to the same bytes
@pytest.mark.parametrize("workers", [1, 3, 7])
def test_shards_give_the_same_matrix(workers: int, evaluated: tuple[Path, Plan], tmp_path: Path):
    """However many processes generate for them together, evaluations come to the same bytes."""
    place, plan = evaluated
    again = tmp_path / "store"
    shutil.copytree(place, again, ignore=shutil.ignore_patterns("eval", "student-*"))
    artifacts = api.artifacts_of(plan)
    orders = [
        {**artifacts.order(run, plan), "shared": True} for run in plan.runs.values() if run.label in ("gsm8k", "aime24")
    ]
    orders = [order for order in orders if order["stage"] == "eval"]
    runtime = replace(plan.runtime, cluster=replace(plan.runtime.cluster, chunk=2, threads=1))
    work_off(again, orders, runtime, workers)
    for order in orders:
        told = [(root / order["folder"] / "data" / "matrix.parquet").read_bytes() for root in (place, again)]
        assert told[0] == told[1]


def work_off(place: Path, orders: Sequence[Any], runtime: Runtime, workers: int) -> None:
    """Have so many processes run the same orders at once."""
    processes = Processes(place / "jobs", threads=1)
    started = [processes.start(place, orders, runtime, gpus=[], warm=True) for _ in range(workers)]
    while not all(process.done for process in started):
        time.sleep(0.1)
        processes.refresh()
    processes.close()
    assert not [process.log.read_text() for process in started if "failed" in process.log.read_text()]
