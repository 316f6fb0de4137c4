"""What `plan` finds in a store of before: stage runs of other versions, and replies that stay bought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ot_grid import api, attempts, key, store, tables
from ot_grid.config import Model, Sampling
from ot_grid.inference import identity
from ot_grid.inference.replies import Purchase, Replies
from ot_grid.planning import plan as plans
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.rows import Reply, Trace, question
from ot_grid.stages import traces
from ot_grid.status import plan_text
from ot_grid.store import Artifacts
from tests.sweeps import record

WORDS = ["filter=none", "teacher=qwq", "source=gsm_symbolic", "mix=top1", "eval=sums", "scale.questions=4"]
QUESTIONS = [question(f"What is {n} + {n}?", source="gsm_symbolic", domain="math") for n in range(6)]


def planned(*words: str) -> tuple[Plan, Artifacts]:
    plan = api.plan([*WORDS, *words])
    return plan, api.artifacts_of(plan)


def made(plan: Plan, artifacts: Artifacts, *, older: Sequence[str] = (), until: str = "traces") -> None:
    """Note the stage runs of a plan as done, up to a stage, as they were when the stages named had another version."""
    keys: dict[str, str] = {}
    for run in plan.runs.values():
        version = (0, *run.version[1:]) if run.stage in older else run.version
        then = replace(run, version=version, inputs=tuple(keys[name] for name in run.inputs))
        then = replace(then, key=key.short(plans.identity(*vars_of(then))))
        keys[run.key] = then.key
        folder = artifacts.folder(then)
        store.freeze(folder, then.identity)
        if run.stage == "dedup":
            tables.write_questions(folder, QUESTIONS)
        if run.stage == "traces":
            tables.write_traces(folder, answered(then, artifacts))
        record(artifacts, then)
        artifacts.refresh()
        if run.stage == until:
            return


def vars_of(run: StageRun) -> tuple:  # type: ignore[type-arg]
    return run.stage, run.version, run.branch, run.reads, run.inputs


def answered(run: StageRun, artifacts: Artifacts) -> list[Trace]:
    """Buy a reply to everything that a traces run asks."""
    teacher = run.reads["teacher"]
    model, sampling = Model(**teacher["model"]), Sampling(**teacher["sampling"])
    found, replies = [], Replies(artifacts.place.replies)
    for asked, sample in traces.asked_of(QUESTIONS, run.reads):
        reply = Reply(identity.reply_key(model, sampling, asked.text, sample), "2", "stop", 5, 1)
        if replies.missing([reply.key]):
            replies.append([Purchase(reply, sample, {}, {})])
        found.append(Trace(asked, sample, reply))
    replies.close()
    return found


def told(plan: Plan, artifacts: Artifacts, word: str) -> list[str]:
    lines = plan_text(plan, artifacts.missing(plan), artifacts)
    return [line.strip() for line in lines if word in line]


@pytest.mark.parametrize("older", ["source", "mix", "traces"])
def test_what_another_version_has_made_is_named_and_its_replies_are_counted(older: str):
    """A store of before is not silently of no use: which runs are made again and why, and what need not be bought."""
    plan, artifacts = planned("samples=x4")
    made(plan, artifacts, older=[older])
    again = told(plan, artifacts, "made again")
    assert len(again) == 1
    assert again[0].startswith(f"1 {older} run made again, and what follows: the store has them of version 0")
    # Inputs that are made again may ask other questions.
    most = "" if older == "traces" else "up to "
    assert told(plan, artifacts, "bought already") == [
        f"{most}16 of 16 replies that traces asks for are bought already"
    ]
    assert not list(artifacts.place.root.glob("*/*/claim")), "a plan writes nothing"


def test_a_finished_plan_says_nothing_of_before():
    """Where nothing is missing, or nothing was ever made, there is nothing to say."""
    plan, artifacts = planned()
    assert not told(plan, artifacts, "made again") + told(plan, artifacts, "bought already")
    made(plan, artifacts, until="")
    assert not told(plan, artifacts, "made again") + told(plan, artifacts, "bought already")


@pytest.mark.parametrize(("before", "now", "line"), [("x16", "x4", "16 of 16"), ("x4", "x16", "16 of 64")])
def test_fewer_and_more_samples_share_replies(before: str, now: str, line: str):
    """Samples are drawn one by one, so a plan with another count knows which of them are there."""
    made(*planned(f"samples={before}"))
    plan, artifacts = planned(f"samples={now}")
    assert told(plan, artifacts, "bought already") == [f"{line} replies that traces asks for are bought already"]


def test_replies_that_are_gone_are_not_counted():
    """What artifacts refer to is looked up: somebody may have cleared the replies."""
    plan, artifacts = planned("samples=x4")
    made(plan, artifacts, older=["mix"])
    for file in artifacts.place.replies.rglob("*.jsonl"):
        file.unlink()
    assert told(plan, artifacts, "made again")
    assert not told(plan, artifacts, "bought already")


def test_another_temperature_is_another_reply():
    """What the teacher reads names its replies: nothing is promised for other settings."""
    made(*planned("samples=x4"))
    plan, artifacts = planned("samples=x4", "teacher.sampling.temperature=0.1")
    assert not told(plan, artifacts, "bought already")


def test_where_the_questions_are_not_known_yet_nothing_is_counted():
    """A source that was never drawn has questions that nobody knows."""
    made(*planned("samples=x4"))
    plan, artifacts = planned("samples=x4", "scale.pool=32")
    assert not told(plan, artifacts, "bought already")


def test_what_was_purged_is_told_from_what_never_was():
    """Scratch is purged by age: attempts say that a stage run was done, and its record is gone."""
    plan, artifacts = planned("samples=x4")
    assert not told(plan, artifacts, "purged")
    made(plan, artifacts)
    for run in plan.runs.values():
        if run.stage in ("mix", "dedup"):
            attempts.end(artifacts.folder(run), attempts.DONE)
            (artifacts.folder(run) / store.RECORD).unlink()
    (line,) = told(plan, artifacts, "purged")
    assert line.startswith("2 stage runs done once and made again, for the record is gone")
