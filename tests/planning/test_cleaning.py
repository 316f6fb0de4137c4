"""What no sweep needs is found, and nothing else; what was paid for stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.__main__ import main
from ot_grid.errors import BadInput
from ot_grid.planning import frozen
from ot_grid.store import Store
from tests.report.conftest import Made


@pytest.fixture
def two(tmp_path: Path) -> Made:
    """A store with two sweeps, one of them within the other, and replies."""
    large = Made(Store(tmp_path / "store"), name="large")
    large.complete()
    small = Made(large.store, name="small", factors={"filter": ["length"], "teacher": ["qwq"]})
    small.sweep()
    (large.store.replies / "a-model").mkdir(parents=True)
    (large.store.replies / "a-model" / "one.jsonl").write_text("{}\n")
    (large.store.root / "jobs" / "large").mkdir(parents=True)
    return large


def names(place: Store, *forget: str) -> set[str]:
    """The folders that may go, relative to the store."""
    return {str(each.folder.relative_to(place.root)) for each in api.unneeded(forget, place=place.root)}


def test_what_sweeps_name_is_needed(two: Made):
    """Nothing may go; an artifact that nobody names may, e.g. of an older version."""
    assert names(two.store) == set()
    old = two.store.new_folder("train", "sft", "0123456789abcdef")
    old.mkdir(parents=True)
    (old / "model.bin").write_bytes(b"x" * 1000)
    [found] = api.unneeded(place=two.store.root)
    assert (found.folder, found.bytes, found.files, found.held) == (old, 1000, 1, False)


def test_a_sweep_that_is_forgotten_takes_what_only_it_needs(two: Made):
    """What another sweep needs stays whole, and so do replies and its report."""
    needed = {run.key for cell in frozen.find_sweep(two.store, "small").cells for run in cell.runs}
    found = names(two.store, "large")
    assert {"sweeps/large", "jobs/large"} <= found
    assert not [name for name in found if name.rpartition("-")[2] in needed]
    done = api.remove(api.unneeded(["large"], place=two.store.root), place=two.store.root)
    assert len(done) == len(found)
    assert [sweep.name for sweep in frozen.sweeps(two.store)] == ["small"]
    assert names(two.store) == set()
    assert (two.store.replies / "a-model" / "one.jsonl").exists()
    folders = [path for stage in ("train", "eval", "dataset") for path in two.store.root.glob(f"{stage}/*")]
    left = {path.name.rpartition("-")[2] for path in folders}
    assert left == needed & left
    assert left


def test_what_a_process_writes_stays(two: Made):
    """It is found, said to be held, and not deleted."""
    old = two.store.new_folder("train", "sft", "0123456789abcdef")
    old.mkdir(parents=True)
    hold = "import sys; from pathlib import Path; from ot_grid import store\nwith store.claim(Path(sys.argv[1])): "
    line = [sys.executable, "-c", hold + "print('held', flush=True); sys.stdin.read()", str(old)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        [found] = api.unneeded(place=two.store.root)
        assert found.held
        assert api.remove([found], place=two.store.root) == []
        process.communicate("")
    assert api.remove(api.unneeded(place=two.store.root), place=two.store.root)
    assert not old.exists()


def test_what_is_asked_for_between_looking_and_deleting_stays(two: Made):
    """Somebody freezes a sweep that needs some of it."""
    found = api.unneeded(["large"], place=two.store.root)
    late = Made(two.store, name="late")
    late.sweep()
    done = api.remove(found, place=two.store.root)
    assert {each.folder.parent.name for each in done} == {"sweeps", "jobs"}
    assert len(two.store.artifacts("eval")) == 8
    assert len(two.store.artifacts("train")) == 4


def test_the_command_deletes_only_when_it_is_told_to(two: Made, capsys: pytest.CaptureFixture[str]):
    """With sizes, the largest first."""
    place = ["--store", str(two.store.root)]
    assert main(["gc", *place]) == 0
    assert capsys.readouterr().out == "nothing to remove\n"
    assert main(["gc", "large", *place]) == 0
    said = capsys.readouterr()
    assert "GB that no sweep needs" in said.out
    assert "nothing was deleted: add --delete" in said.err
    assert frozen.find_sweep(two.store, "large")
    assert main(["gc", "large", "--delete", *place]) == 0
    assert "deleted" in capsys.readouterr().out
    with pytest.raises(BadInput, match="no sweep 'large'"):
        frozen.find_sweep(two.store, "large")


def test_no_sweep_is_told(two: Made):
    """With the nearest one."""
    with pytest.raises(BadInput, match=r"no sweep 'larg'.*did you mean 'large'"):
        api.unneeded(["larg"], place=two.store.root)
