"""Every attempt leaves a trace, and every kind of retry has a bound."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ot_grid import attempts

RETRIES = {"out_of_memory": 2, "node_lost": 2, "time_limit": 0}


def after(artifact: Path, *outcomes: str | None) -> list[attempts.Attempt]:
    for number, outcome in enumerate(outcomes):
        name = attempts.begin(artifact, f"7_{number}", "/log")
        if outcome:
            attempts.end(artifact, outcome, "why", name=name)
    return attempts.read(artifact)


def test_an_attempt_is_read_as_it_was_noted(tmp_path: Path):
    """With its job, its log, how it ended and why; one that never ended has no outcome."""
    first, second = after(tmp_path, "bug", None)
    assert (first.job, first.log, first.outcome, first.message) == ("7_0", "/log", "bug", "why")
    assert (second.job, second.outcome) == ("7_1", None)


@pytest.mark.parametrize("noted", ["relative", "whole"])
def test_a_log_goes_with_its_store(noted: str, tmp_path: Path):
    """Of a store that was moved or copied the logs are its own, also those that older versions noted whole."""
    before, after = tmp_path / "before", tmp_path / "after"
    log = before / "jobs" / "two" / "7.log"
    log.parent.mkdir(parents=True)
    log.write_text("said")
    artifact = before / "mix" / "equal-1f"
    attempts.begin(artifact, "7", str(log))
    if noted == "whole":
        told = json.loads((artifact / attempts.FILE).read_text())
        assert told["log"] == "jobs/two/7.log"
        (artifact / attempts.FILE).write_text(json.dumps({**told, "log": str(log)}) + "\n")
    assert attempts.read(artifact)[0].log == str(log)
    shutil.copytree(before, after)
    assert attempts.read(after / "mix" / "equal-1f")[0].log == str(after / "jobs" / "two" / "7.log")


def test_a_log_that_lies_elsewhere_keeps_its_path(tmp_path: Path):
    """Nothing is made up: a path outside the store is noted, and found, as it is."""
    attempts.begin(tmp_path / "store" / "mix" / "equal-1f", "7", "/elsewhere/7.log")
    assert attempts.read(tmp_path / "store" / "mix" / "equal-1f")[0].log == "/elsewhere/7.log"


def test_two_attempts_at_once_are_told_apart(tmp_path: Path):
    """Workers of one stage run note in one file; each end belongs to its own beginning."""
    one, other = attempts.begin(tmp_path, "7_0", None), attempts.begin(tmp_path, "7_1", None)
    attempts.end(tmp_path, attempts.DONE, name=one)
    attempts.end(tmp_path, attempts.HELPED, name=other)
    assert [(each.job, each.outcome) for each in attempts.read(tmp_path)] == [("7_0", "done"), ("7_1", "helped")]


@pytest.mark.parametrize("torn", ['{"id": "x", "beg', "[]", "\x00", "{}"])
def test_a_torn_line_is_passed_over(tmp_path: Path, torn: str):
    """What a power cut left does not hide what else is known."""
    after(tmp_path, "bug")
    with (tmp_path / attempts.FILE).open("a") as file:
        file.write(torn + "\n")
    assert [each.outcome for each in after(tmp_path, "done")] == ["bug", "done"]


@pytest.mark.parametrize(
    ("outcomes", "spent"),
    [
        ((), False),
        (("out of memory",) * 2, False),
        (("GPU out of memory",), True),
        (("out of memory",) * 3, True),
        (("out of memory", "out of memory", "preempted", "out of memory"), True),
        (("time limit",), True),
        (("bug",), True),
        (("bad input",), True),
        (("upstream",) * 9, False),
        (("cancelled",) * 9, False),
        ((None,) * 2, False),
        ((None,) * 3, True),
        (("node lost", None, "node lost"), True),
        (("something new",), True),
    ],
)
def test_retries_are_bounded(tmp_path: Path, outcomes: tuple[str | None, ...], spent: bool):
    """By the class of the last failure; what cannot pass is never tried again; deaths without a word count too."""
    assert bool(attempts.exhausted(after(tmp_path, *outcomes), RETRIES)) is spent


def test_nothing_counts_from_before_a_retry(tmp_path: Path):
    """Somebody removed the cause and said so."""
    after(tmp_path, "bug", "out of memory", "out of memory", "out of memory")
    attempts.end(tmp_path, attempts.FORGIVEN)
    assert attempts.exhausted(attempts.read(tmp_path), RETRIES) is None
    assert attempts.failures(attempts.read(tmp_path), "out of memory") == 0
