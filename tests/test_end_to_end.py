"""The whole grid through the command a user types: every stage for real, on a model that is smaller than small.

`make test-all` takes the real small model; `make test` has it in tests/test_evaluation.py.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from ot_grid import api, launch
from ot_grid import store as stores
from ot_grid.planning import freezing, pipeline
from tests import tiny
from tests.requires import ALL
from tests.slurm.grid import CONF, ROOT

pytestmark = pytest.mark.slow

# Four questions, two training steps, one benchmark of four questions: every stage for real, in under a minute.
SMALL = [
    "scale.pool=6", "scale.questions=4", "scale.max_tokens=12", "eval=sums", "eval.sums.limit=4", "mix=top1",
    "tracking='off'",
]  # fmt: skip
TRAINED = ["train.batch_size=2", "train.checkpoint_steps=2", "train.epochs=1"]
TINY = [*SMALL, *TRAINED]
COPIED = ["--config-dir", str(CONF), "train=copied"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}  # for plug-ins of tests
FILTERS = "filter=random,length" if ALL else "filter=length"  # of the grid that is real
DETERMINISTIC = ("source", "mix", "filter", "dedup", "traces", "verify", "answer_filter", "dataset")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "ot_grid", *words]


def stand_in(model: Path) -> list[str]:
    """The words that put a model of two layers in the place of every other."""
    return [
        f"+cluster.models.tiny={model}", "scale.stand_in.id=tiny", "scale.stand_in.revision=null",
        "scale.stand_in.wheel=null",
    ]  # fmt: skip


def typed(model: Path, *plugins: str) -> list[str]:
    """The words of a grid with an engine that types (with COPIED: and a student that is not trained).

    What is about processes, stores and replies takes seconds so, and says the same.
    """
    # Nothing is loaded for vllm before a fork, and what types takes its place.
    names = ",".join(("tests.slurm.cheap", "tests.slurm.typed", *plugins))
    return [f"plugins=[{names}]", *SMALL, *stand_in(model), "cluster.engine=vllm"]


def ot_grid(*words: str, cwd: Path, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*words), capture_output=True, text=True, cwd=cwd, check=False, timeout=1200, env=ENVIRONMENT
    )
    assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


def records(place: Path) -> dict[str, dict[str, Any]]:
    """Return every record of a store by key."""
    found = [stores.record_of(path.parent) for path in place.glob("*/*/record.json")]
    return {record["key"]: record for record in found if record}


def bought(place: Path, stage: str) -> int:
    """Return the tokens that a stage's records say were bought."""
    return sum(record["usage"]["output_tokens"] for record in records(place).values() if record["stage"] == stage)


def replies(place: Path) -> list[str]:
    """Return the keys of all stored replies, one for each line; a torn last line is none."""
    lines = [line for path in place.glob("replies/*/*.jsonl") for line in path.read_text().splitlines(keepends=True)]
    return [json.loads(line)["key"] for line in lines if line.endswith("\n")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def small(model: Path) -> list[str]:
    """The words of a grid of which every stage is real."""
    return [*TINY, *(["train.max_length=96"] if ALL else [*stand_in(model), "train.max_length=1024"])]


@pytest.fixture(scope="module")
def lightly(model: Path) -> list[str]:
    """The words of a grid that is typed, and that trains nothing."""
    return [*typed(model), *COPIED]


@pytest.fixture(scope="module")
def grid(small: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a grid of which every stage is real has been run to the end."""
    folder = tmp_path_factory.mktemp("grid")
    done = ot_grid("-m", FILTERS, *small, f"store={folder}/store", cwd=folder)
    assert "REHEARSAL" in done.stdout
    assert "length" in done.stdout
    return folder


@pytest.fixture(scope="module")
def written(lightly: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a grid of two cells has been typed to the end."""
    folder = tmp_path_factory.mktemp("written")
    ot_grid("-m", "filter=random,length", *lightly, f"store={folder}/store", cwd=folder)
    return folder


def test_the_folder_of_the_caller_stays_clean(grid: Path):
    """No Hydra, W&B or cache folder is littered where the command is called: only the store."""
    assert [path.name for path in grid.iterdir()] == ["store"]


def test_the_same_command_again_executes_nothing(small: list[str], grid: Path):
    """A finished grid is found, not run: every record stays as it is, and the table is printed again."""
    before = {path: path.stat().st_mtime_ns for path in grid.glob("store/*/*/record.json")}
    done = ot_grid("-m", FILTERS, *small, f"store={grid}/store", cwd=grid)
    assert "0 to run" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in grid.glob("store/*/*/record.json")} == before


def until(stage: str, *overrides: str) -> None:
    """Run a grid up to a stage, as the command does, without the training that comes after."""
    whole = api.plan(overrides)
    names = [row.name for row in pipeline.STAGES]
    some = {k: run for k, run in whole.runs.items() if names.index(run.stage) <= names.index(stage)}
    part = replace(whole, runs=some, cells=())
    artifacts = api.artifacts_of(part)
    freezing.freeze(part, artifacts)
    assert not launch.launch(part, artifacts).failed


def test_fewer_samples_and_verification_buy_nothing(model: Path, tmp_path: Path):
    """samples=x4 after x16 generates no token; verify=on and off share all replies: token counts of records say so."""
    common = ["filter=random", "teacher=qwq", "source=three_term_sums", f"store={tmp_path}/s"]
    common += SMALL if ALL else typed(model)
    until("traces", "samples=x16", *common)
    first = bought(tmp_path / "s", "traces")
    assert first > 0
    until("traces", "samples=x4,x1", *common)
    until("verify", "samples=x16", "verify=on", "verify.keep=[right,wrong]", *common)
    until("verify", "samples=x16", "verify=off", *common)
    assert bought(tmp_path / "s", "traces") == first
    stages = [record["stage"] for record in records(tmp_path / "s").values()]
    assert stages.count("traces") == 3
    assert stages.count("verify") == 1
    assert len(replies(tmp_path / "s")) == len(set(replies(tmp_path / "s"))) == 64


def test_status_explain_and_report_tell_what_there_is(lightly: list[str], written: Path):
    """The commands that read a store work on a finished one, in every format."""
    place = ["--store", f"{written}/store"]
    assert "done" in ot_grid("status", *place, cwd=written).stdout
    told = json.loads(ot_grid("report", "--format", "json", *place, cwd=written).stdout)
    cells = [cell["cell"] for cell in told["cells"]]
    assert len(cells) == 2
    assert all(cell["status"] == "complete" for cell in told["cells"])
    for form in ("text", "markdown", "csv"):
        assert " stands in for " in ot_grid("report", "--format", form, *place, cwd=written).stdout
    assert ot_grid("explain", cells[0], *place, cwd=written).stdout.count("done") >= 7
    assert "filter.function: " in ot_grid("explain", *cells, *place, cwd=written).stdout
    why = ot_grid("explain", "filter=length", *lightly, "train.seconds=0.5", *place, cwd=written).stdout
    assert "train.seconds: 0.5 here, 0 there" in why
    for form in ("md", "csv", "json", "txt"):
        assert list(written.glob(f"store/sweeps/*/report.{form}"))


def test_commands_that_read_write_nothing(lightly: list[str], written: Path):
    """A colleague who looks at a store leaves no file, lock or note in it; `report` alone writes, what it prints."""

    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in written.rglob("*")}

    place, cell = (
        ["--store", f"{written}/store"],
        json.loads(next(written.glob("store/sweeps/*/sweep.json")).read_text()),
    )
    one, other = (each["cell"] for each in cell["cells"][:2])
    before = files()
    ot_grid("status", "--all", *place, cwd=written)
    ot_grid("logs", "train", *place, cwd=written)
    ot_grid("compare", one, other, *place, cwd=written)
    ot_grid("explain", one, *place, cwd=written)
    ot_grid("plan", "-m", "filter=random,length", *lightly, f"store={written}/store", cwd=written)
    ot_grid("plan", "filter=none", *lightly, f"store={written}/store", cwd=written)
    assert files() == before


@pytest.mark.parametrize("made", ["written", pytest.param("grid", marks=pytest.mark.long)])
def test_reproduce_runs_a_cell_from_its_frozen_recipe_alone(made: str, request: pytest.FixtureRequest):
    """In a store of its own, one cell gives the same bytes in every stage before training."""
    grid: Path = request.getfixturevalue(made)
    cell = json.loads(next(grid.glob("store/sweeps/*/sweep.json")).read_text())["cells"][0]
    done = ot_grid("reproduce", cell["cell"][:6], "--store", f"{grid}/store", "--to", f"{grid}/again", cwd=grid)
    assert "0 broken" in done.stdout
    old, new = records(grid / "store"), records(grid / "again")
    assert set(new) == {run["key"] for run in cell["runs"]}
    for run_key, record in new.items():
        if record["stage"] in DETERMINISTIC:
            assert record["outputs"] == old[run_key]["outputs"], record["stage"]


def test_a_failing_cell_fails_loudly_and_the_others_finish(model: Path, tmp_path: Path):
    """A filter that keeps nothing ends its cell with a cause; the other cell is ranked; the exit code is not zero."""
    conf = shutil.copytree(CONF, tmp_path / "conf")
    (conf / "filter" / "nothing.yaml").write_text("# Keeps nothing.\nfunction: drop_all\n")
    (tmp_path / "drops.py").write_text(
        "from ot_grid.registry import register\nfrom ot_grid.rows import Dropped\n\n@register('filter')\n"
        "def drop_all(questions):\n    for question in questions:\n        yield Dropped(question, 'too dull')\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    words = ["-m", "--config-dir", str(conf), "filter=random,nothing", *typed(model, "drops"), "train=copied"]
    words.append(f"store={tmp_path}/store")
    done = subprocess.run(command(*words), capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 1
    assert "too dull" in done.stderr
    assert "bad input" in done.stderr
    assert "upstream" in done.stderr
    assert "complete" in done.stdout
    status = subprocess.run(
        command("status", "--store", f"{tmp_path}/store"),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert status.returncode == 1
    assert "too dull" in status.stdout


@pytest.mark.long  # tests/test_evaluation.py has its like
def test_real_math_through_the_same_command(tmp_path: Path, shared_data: Path):
    """GSM8K as source, MATH500 and AIME24 as benchmarks, from local files, with the written solutions as traces."""
    words = [
        "source=gsm8k", f"source.gsm8k.file={shared_data}/gsm8k_train.jsonl", "mix=top1", "teacher=reference",
        "verify=on", "eval=[math500,aime24]", f"eval.math500.data.file={shared_data}/math500.jsonl",
        f"eval.aime24.data.file={shared_data}/aime24.json",
        "eval.math500.limit=3", "eval.aime24.limit=2", "eval.aime24.repeats=2", "scale.pool=8", "scale.questions=4",
        "scale.max_tokens=16", "train.batch_size=4", "train.max_length=256", "tracking='off'", f"store={tmp_path}/s",
    ]  # fmt: skip
    done = ot_grid(*words, cwd=tmp_path)
    assert "math500" in done.stdout
    assert "aime24" in done.stdout
    verified = [record["counts"] for record in records(tmp_path / "s").values() if record["stage"] == "verify"]
    assert len(verified) == 1
    by_stage = {record["stage"] for record in records(tmp_path / "s").values()}
    assert by_stage == {"source", "mix", "dedup", "traces", "verify", "dataset", "train", "benchmark", "eval"}


def test_ctrl_c_ends_cleanly_and_leaves_no_process(lightly: list[str], tmp_path: Path):
    """An interrupted grid exits with 130, says how to go on, and its jobs are gone."""
    words = command("filter=slow", "filter.seconds=120", *lightly, f"store={tmp_path}/s")
    # a runner in the background has SIGINT ignored, and its children inherit that
    listening = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=listening
    )
    wait_for(lambda: list(tmp_path.glob("s/filter/*/job.json")))
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on from here" in told
    wait_for(lambda: not alive(process.pid))


def wait_for(what: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def alive(session: int) -> list[int]:
    """Return the processes of a session that work: those of a command that was started in one of its own."""
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError):
            if os.getsid(process.pid) == session and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


@pytest.mark.parametrize(("made", "times"), [("written", 3), pytest.param("grid", 20, marks=pytest.mark.long)])
def test_killed_at_random_moments_it_ends_the_same(
    made: str, times: int, lightly: list[str], small: list[str], tmp_path: Path, request: pytest.FixtureRequest
):
    """SIGKILL to the driver or to all processes: the same keys and bytes, and no reply bought twice."""
    written = made == "written"
    words = ["-m", "filter=random,length", *(lightly if written else small)]
    words.append(f"store={tmp_path}/store")
    moments = random.Random(20261123)
    seen: set[str] = set()
    for number in range(times):
        process = subprocess.Popen(
            command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=ENVIRONMENT,
        )  # fmt: skip
        time.sleep(moments.uniform(1.0, 4.0 if written else 9.0))
        victims = [process.pid] if number % 4 == 0 else alive(process.pid)
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        process.wait()
        assert seen <= set(replies(tmp_path / "store")), "a stored reply was lost"
        seen = set(replies(tmp_path / "store"))
    ot_grid(*words, cwd=tmp_path)
    undisturbed, killed = records(request.getfixturevalue(made) / "store"), records(tmp_path / "store")
    wanted = {
        run["key"]
        for cell in json.loads(next(tmp_path.glob("store/sweeps/*/sweep.json")).read_text())["cells"]
        for run in cell["runs"]
    }
    assert set(killed) == wanted
    for run_key, record in killed.items():
        if record["stage"] in DETERMINISTIC:
            assert record["outputs"] == undisturbed[run_key]["outputs"], record["stage"]
    assert len(replies(tmp_path / "store")) == len(set(replies(tmp_path / "store"))), "a stored reply was bought again"
