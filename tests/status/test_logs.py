"""`logs` finds what a word means, and shows what a terminal would."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from ot_grid import attempts, store
from ot_grid.cli import status
from ot_grid.errors import BadInput
from ot_grid.planning.frozen import FrozenCell, FrozenRun
from ot_grid.planning.plan import StageRun
from ot_grid.status import logs
from tests.sweeps import local_sweep, record

CELLS = [
    FrozenCell(
        "0fa7c848", "filter=length teacher=qwq", {"filter": "length", "teacher": "qwq"},
        (FrozenRun("traces", "qwq-x1", "math", "6b1d1097aaaaaaaa"),
         FrozenRun("train", "length-qwq-x1-off", "", "0fa7dddd00000000")),
    ),
    FrozenCell(
        "2ef1d165", "filter=length teacher=r1", {"filter": "length", "teacher": "r1"},
        (FrozenRun("traces", "r1-x1", "math", "3ed3215eaaaaaaaa"),
         FrozenRun("train", "length-r1-x1-off", "", "4f12b33876d3b17f")),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ("0fa7c848", {"6b1d1097aaaaaaaa", "0fa7dddd00000000"}),
        ("2ef1", {"3ed3215eaaaaaaaa", "4f12b33876d3b17f"}),
        ("teacher=r1 filter=length", {"3ed3215eaaaaaaaa", "4f12b33876d3b17f"}),
        ("teacher=r1,filter=length", {"3ed3215eaaaaaaaa", "4f12b33876d3b17f"}),
        ("traces", {"6b1d1097aaaaaaaa", "3ed3215eaaaaaaaa"}),
        ("traces/qwq", {"6b1d1097aaaaaaaa"}),
        ("train/length", {"0fa7dddd00000000", "4f12b33876d3b17f"}),
        ("train/length-r1-x1-off-4f12b33876d3b17f", {"4f12b33876d3b17f"}),
        ("4f12b338", {"4f12b33876d3b17f"}),
        ("train length-r1-x1-off [4f12b338]", {"4f12b33876d3b17f"}),
        ("0fa7", {"0fa7dddd00000000"}),  # a key before a cell's id
        ("4f1", set()),  # too short to mean anything
        ("filter", set()),
        ("eval/aime24", set()),
    ],
)
def test_a_word_names_stage_runs(wanted: str, keys: set[str]):
    """A cell, a stage, a label or a key's beginning, as `status` prints them."""
    assert logs.matching(CELLS, wanted) == keys


def wrote(artifacts: store.Artifacts, run: StageRun, log: Path, content: str = "a line\n") -> str:
    """Note an attempt at a stage run that writes to a log; return its id."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(content)
    return attempts.begin(artifacts.folder(run), "8_0", str(log))


def test_logs_are_grouped_by_file(tmp_path: Path):
    """Stage runs of one job share a log, shown once; a training has its own beside it; the newest attempt counts."""
    plan, artifacts = local_sweep()
    source, mix = [run for run in plan.runs.values() if run.stage in ("source", "mix")]
    train = next(run for run in plan.runs.values() if run.stage == "train")
    wrote(artifacts, source, tmp_path / "old.out")
    for run in (source, mix, train):
        wrote(artifacts, run, tmp_path / "new.out")
    (artifacts.folder(train) / "train.log").write_text("loss\n")
    found = logs.logs([source, mix, train], artifacts)
    assert [(log.path, log.runs) for log in found] == [
        (tmp_path / "new.out", [source, mix, train]),
        (artifacts.folder(train) / "train.log", [train]),
    ]


def test_the_end_of_a_log_is_what_a_terminal_shows(tmp_path: Path):
    """A bar that was drawn over and over is its last state; bytes that are no text do no harm."""
    log = tmp_path / "log"
    log.write_bytes(b"one\ntwo\n 0%|   |\r50%|#  |\r100%|##|\n\xff last\r\n")
    assert logs.end(log, 3) == ["two", "100%|##|", "\ufffd last"]
    assert logs.end(log, 0) == []


def test_following_ends_with_the_stage_run(tmp_path: Path):
    """What is added to a log is yielded as it comes; when the record is there, so is the end."""
    plan, artifacts = local_sweep()
    run = next(iter(plan.runs.values()))
    log = tmp_path / "log"
    wrote(artifacts, run, log, "before\n")
    artifacts.folder(run).mkdir(parents=True, exist_ok=True)
    told: list[str] = []
    # In a process of its own: a lock of this one would not be felt by this one.
    context = multiprocessing.get_context("fork")
    done = context.Event()
    seen = context.Event()

    def hold() -> None:
        with store.claim(artifacts.folder(run)):
            done.set()
            seen.wait(20)
            with log.open("a") as file:
                file.write("after\n")
            record(artifacts, run)

    process = context.Process(target=hold)
    process.start()
    done.wait(20)
    for line in logs.follow(run, plan, artifacts, 5):
        told.append(line)
        if line == "before":
            seen.set()
    process.join()
    assert told == [f"==> {log}", "before", "after", f"{run}: done"]


def test_a_stage_run_without_a_log_says_why(own_store: Path, capsys: pytest.CaptureFixture[str]):
    """Nothing has run: the state is told in place of a log, and the exit code is 1."""
    local_sweep()
    assert status.logs(["train"]) == 1
    assert capsys.readouterr().out.count("not started") == 2
    with pytest.raises(BadInput, match="did you mean 'train'"):
        status.logs(["trian"])
