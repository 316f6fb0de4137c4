"""A local file is its content: where it lies, and how its path is spelt, is nobody's business."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from ot_grid import api, key
from ot_grid.cli import main
from ot_grid.errors import BadInput
from ot_grid.planning import freezing, frozen, local_files
from ot_grid.planning.plan import Plan
from ot_grid.running import preflight
from ot_grid.running.execute import run_orders
from ot_grid.stages import sources
from ot_grid.status import plans

ROWS = [{"question": f"{n}+{n}?", "answer": str(2 * n)} for n in range(4)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    os.utime(path, (1, 1))  # of long ago: what is remembered of it can be trusted
    return path


def planned(path: object, *more: str) -> Plan:
    small = ["mix=top1", "filter=none", "eval=math500", "scale.pool=2", "scale.questions=2"]
    return api.plan(["source=jsonl", f"source.jsonl.path={path}", *small, "tracking='off'", *more])


def keys(plan: Plan) -> list[str]:
    return list(plan.runs)


def test_a_file_that_lies_elsewhere_is_the_same_source(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Moved, copied, linked, relative, with `..`: the same keys, also of a benchmark's data."""
    data = "eval.math500.data.file="
    first = keys(planned(file, f"{data}{file}"))
    (tmp_path / "other").mkdir()
    copy, link = tmp_path / "other" / "copy.jsonl", tmp_path / "link.jsonl"
    shutil.copyfile(file, copy)
    link.symlink_to(file)
    monkeypatch.chdir(tmp_path)
    for path in (copy, link, "mine.jsonl", "other/../mine.jsonl"):
        assert keys(planned(path, f"{data}{path}")) == first, path


def test_an_edited_file_is_another_source(file: Path):
    """One byte is enough; what was made of the old one stays where it is."""
    first = keys(planned(file))
    file.write_text(file.read_text().replace("0+0", "0-0"))
    second = keys(planned(file))
    shared = {run.stage for run in planned(file).runs.values() if run.key in first}
    assert shared <= {"benchmark"}
    assert second != first


def test_the_form_of_a_file_is_part_of_it(file: Path):
    """The same bytes read as another form are other rows."""
    other = file.with_suffix(".json")
    shutil.copyfile(file, other)
    assert keys(planned(file)) != keys(planned(other))


def test_no_path_is_in_a_key(file: Path):
    """Nor anywhere in what the key is the hash of; it is in the runtime, for the jobs."""
    plan = planned(file)
    assert str(file.parent) not in json.dumps([run.identity for run in plan.runs.values()])
    assert list(plan.runtime.files.values()) == [str(file)]


def test_what_is_no_file_is_told_and_not_hidden(tmp_path: Path):
    """A missing file keeps its path, so that the error can name it."""
    plan = planned(tmp_path / "nowhere.jsonl")
    assert any(
        "nowhere.jsonl is not a file" in problem for problem in preflight.not_ready(plan, api.artifacts_of(plan))
    )


def test_a_file_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch):
    """Digest and counts are remembered: the second plan reads no data; an edit or a touch is seen."""
    list(plans.plan_text(planned(file), []))
    with monkeypatch.context() as patched:
        patched.setattr(key, "file_digest", lambda path: pytest.fail("read again"))
        patched.setattr(sources, "load", lambda *_, **__: pytest.fail("read again"))
        again = "\n".join(plans.plan_text(planned(file), []))
    assert f"source jsonl: {file}: 4 questions" in again
    os.utime(file, (2, 2))
    assert keys(planned(file)) == keys(planned(file))
    file.write_text(file.read_text() + json.dumps(ROWS[0]) + "\n")
    assert f"{file}: 5 questions" in "\n".join(plans.plan_text(planned(file), []))


def test_plan_says_how_many_rows_are_dropped_and_why(file: Path, capsys: pytest.CaptureFixture[str]):
    """Before anything is paid for."""
    file.write_text(file.read_text() + '{"question": null, "answer": 1}\n{"question": " ", "answer": 1}\n')
    assert main(["plan", "source=jsonl", f"source.jsonl.path={file}", "mix=top1"]) == 0
    assert f"source jsonl: {file}: 4 questions, 2 dropped: empty question" in capsys.readouterr().out


def test_the_whole_file_is_read_before_anything_is_paid(file: Path):
    """A flaw of its last line is told by `plan`, with its line."""
    lines = [json.dumps({"question": "q", "answer": 1})] * 3000 + [json.dumps({"question": ["q"], "answer": 1})]
    file.write_text("\n".join(lines))
    plan = planned(file)
    (told,) = [problem for problem in preflight.not_ready(plan, api.artifacts_of(plan)) if "mine.jsonl" in problem]
    assert "line 3001: columns.question='question' holds the list ['q']" in told


def test_a_file_that_changes_between_plan_and_job_is_refused(file: Path):
    """The key says what was planned; what is there now is another source."""
    plan = planned(file)
    artifacts = api.artifacts_of(plan)
    freezing.freeze(plan, artifacts)
    order = next(artifacts.order(run, plan) for run in plan.runs.values() if run.stage == "source")
    file.write_text(file.read_text() + "\n")
    with pytest.raises(Exception, match=r"mine.jsonl has changed since this was planned; give the command again"):
        run_orders(str(artifacts.place.root), [order], plan.runtime)
    file.unlink()
    with pytest.raises(Exception, match=r"mine.jsonl is not there any more"):
        run_orders(str(artifacts.place.root), [order], plan.runtime)


def test_where_a_file_lies_travels_with_the_sweep(file: Path):
    """Jobs, resume and reproduce read it from the frozen runtime."""
    plan = planned(file)
    freezing.freeze(plan, api.artifacts_of(plan))
    again = frozen.plan(api.artifacts_of(plan).place, plan.name)
    assert (again.runtime.files, keys(again)) == (plan.runtime.files, keys(plan))
    settings = next(run.reads["source"] for run in again.runs.values() if run.stage == "source")
    with pytest.raises(BadInput, match="where this file lies is not known here; give the command that named it again"):
        local_files.located(settings, {})


def test_a_cache_that_cannot_be_written_costs_time_alone(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Nor does one that is torn."""
    first = keys(planned(file))
    monkeypatch.setenv("OT_GRID_CACHE", "/proc/nowhere")
    assert keys(planned(file)) == first
    monkeypatch.setenv("OT_GRID_CACHE", str(tmp_path / "torn"))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "files.json").write_text("{")
    assert keys(planned(file)) == first


def test_a_filter_of_ones_own_sees_the_real_path(file: Path):
    """A function that takes a file is handed where it lies."""
    choice = {"function": "jsonl", "path": str(file), "name": "x"}
    files: dict[str, str] = {}
    named = local_files.pinned({"mine": choice}, files)["mine"]
    assert named["path"].startswith("sha256:")
    assert named["path"].endswith(".jsonl")
    assert local_files.located(named, files) == choice
