"""A record is written last, and half of anything is nothing."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from ot_grid import store
from ot_grid.errors import BadInput, Corrupt, OtGridError
from ot_grid.rows import Question, Reply, Trace, question
from ot_grid.store import Store
from ot_grid.tables import read_questions, read_rows, read_traces, write_questions, write_traces


def test_an_artifact_without_a_record_is_not_done(tmp_path: Path):
    """Whatever else a directory holds, without record.json it is not done."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "questions.parquet").write_bytes(b"half")
    store.write_json(tmp_path / store.RECIPE, {})
    assert store.record_of(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", '{"key": ', "[]", '"x"', "\x00\x01"])
def test_a_half_written_record_is_told(tmp_path: Path, content: str):
    """A record that is no record raises, naming the file and the way out."""
    (tmp_path / store.RECORD).write_text(content)
    with pytest.raises(Corrupt, match=r"record.json .*delete its folder"):
        store.record_of(tmp_path)


def test_the_same_key_with_another_recipe_is_an_error(tmp_path: Path):
    """Freezing again is harmless; freezing something else under the same key is not."""
    store.freeze(tmp_path, {"a": 1})
    store.freeze(tmp_path, {"a": 1})
    with pytest.raises(OtGridError, match="another recipe under the same key"):
        store.freeze(tmp_path, {"a": 2})


def test_a_restart_keeps_recipe_and_checkpoints(tmp_path: Path):
    """What an interrupted run left is removed, but for what lets the next one go on."""
    store.freeze(tmp_path, {"a": 1})
    for name in ("data", "checkpoints", "model.tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / store.PROGRESS).write_text("{}")
    store.restart(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", store.RECIPE]


def hold(folder: str, seconds: float, said: str) -> None:
    with store.claim(Path(folder)):
        Path(said).touch()
        time.sleep(seconds)


def test_a_claim_is_waited_for_and_ends_with_its_process(tmp_path: Path):
    """A second process waits; when the first is killed with SIGKILL, the claim is free at once."""
    holder = multiprocessing.get_context("spawn").Process(target=hold, args=(str(tmp_path), 60, str(tmp_path / "said")))
    holder.start()
    while not (tmp_path / "said").exists():
        time.sleep(0.05)
    waiter = multiprocessing.get_context("spawn").Process(
        target=hold, args=(str(tmp_path), 0, str(tmp_path / "second"))
    )
    waiter.start()
    time.sleep(1)
    assert waiter.is_alive()
    assert not (tmp_path / "second").exists()
    holder.kill()
    waiter.join(20)
    assert (tmp_path / "second").exists()


def test_an_artifact_is_found_under_any_label(tmp_path: Path):
    """The key finds it: a label is for people."""
    place = Store(tmp_path)
    (tmp_path / "mix" / "old-name-0123456789abcdef").mkdir(parents=True)
    assert place.folder("mix", "new name", "0123456789abcdef").name == "old-name-0123456789abcdef"
    assert place.folder("mix", "new name", "f" * 16).name == f"new-name-{'f' * 16}"


def test_an_unwritable_store_is_told(tmp_path: Path):
    """A store below a file is refused with the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"is not writable .*choose another with store=FOLDER"):
        Store(tmp_path / "file" / "store").check_writable()


def test_equal_rows_give_equal_bytes(tmp_path: Path):
    """Nothing in a table depends on when or where it was written."""
    rows = [question(f"q{n}", source="s", domain="math", answer=str(n)) for n in range(50)]
    for name in ("a", "b"):
        write_questions(tmp_path / name, rows)
    assert store.digests(tmp_path / "a") == store.digests(tmp_path / "b")
    assert read_questions(tmp_path / "a") == rows


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"not parquet at all"])
def test_a_damaged_table_is_told(tmp_path: Path, damage: bytes):
    """A table that cannot be read raises, naming the file and the artifact to delete."""
    path = tmp_path / "artifact" / "data" / "questions.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    with pytest.raises(Corrupt, match=r"questions.parquet cannot be read .*delete its artifact"):
        read_rows(path)


def test_traces_refer_to_bought_replies(tmp_path: Path):
    """The text of a bought reply is not copied; a written solution, which nobody bought, is."""
    asked: Question = question("1+1?", source="s", domain="math", answer="2")
    bought = Reply("model:abc", "It is 2, says the model.", "stop", 5, 7)
    given = Reply("", "Count: one, two.", "stop", 0, 0)
    write_traces(tmp_path, [Trace(asked, 0, bought), Trace(asked, 1, given, "right")])
    assert b"says the model" not in (tmp_path / "data" / "traces.parquet").read_bytes()
    assert [t.reply for t in read_traces(tmp_path, lambda keys: dict.fromkeys(keys, bought))] == [bought, given]
    with pytest.raises(Corrupt, match="not in the store any more"):
        read_traces(tmp_path, lambda keys: {})


def test_a_broken_file_of_a_sweep_does_not_cost_its_folder(tmp_path):
    """It also has the reports, and who looked at what is held out."""
    broken = tmp_path / "sweeps" / "first_light" / "tracked.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    with pytest.raises(Corrupt, match=r"tracked.json is not valid JSON .*; delete this file and run again"):
        store.read_json(broken)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
):
    """By whatever needs one; a lock that somebody else has is no such thing."""

    def lockf(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / store.CLAIM).touch()
    monkeypatch.setattr(fcntl, "lockf", lockf)
    for use in (store.claim(tmp_path).__enter__, store.submitting(Store(tmp_path)).__enter__,
                lambda: store.is_claimed(tmp_path)):  # fmt: skip
        with pytest.raises(BadInput, match=r"cannot be locked \(.*put the store on a file system with locks"):
            use()


@pytest.mark.parametrize(("mask", "rights"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_files_have_the_rights_that_the_umask_allows(tmp_path: Path, mask: int, rights: int):
    """Whatever wrote them: a student is a group's where the group's members ask for that."""
    written = tmp_path / "model" / "deep" / "model.safetensors"
    written.parent.mkdir(parents=True)
    written.write_bytes(b"0")
    written.chmod(0o600)
    before = os.umask(mask)
    try:
        store.give_usual_rights(tmp_path)
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert written.stat().st_mode & 0o777 == rights
