"""What a student is trained on goes out as chats, with where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import huggingface_hub
import pyarrow.parquet as pq
import pytest

from ot_grid import api
from ot_grid.__main__ import main
from ot_grid.errors import BadInput
from ot_grid.store import read_json, write_json
from tests.report.conftest import Made
from tests.report.page.test_evidence import taught

ROW = {
    "messages": [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "That."}],
    "question": "q", "sample": 0, "source": "numina", "domain": "math",
}  # fmt: skip


@pytest.fixture
def place(made: Made) -> Path:
    """A store with the dataset of every cell."""
    made.complete()
    for point in made.points:
        taught(made, point)
        made.record("dataset", "chat", *point, counts={"rows": 12, "by_source": {"numina": 12}})
    return made.store.root


def test_rows_are_chats_and_the_card_says_where_they_come_from(place: Path, tmp_path: Path):
    """As JSONL, a line a row, found by the card."""
    written = api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == ["data/train.jsonl", "README.md"]
    assert [json.loads(line) for line in written[0].read_text().splitlines()] == [ROW] * 12
    card = written[1].read_text()
    assert card.startswith("---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n")
    assert "    path: data/train.jsonl\n---\n# filter=length teacher=qwq" in card
    assert "12 rows" in card
    assert "Questions from: numina 12" in card
    assert "python -m ot_grid -m filter=length,difficulty teacher=qwq,r1" in card


def test_parquet_holds_the_same_rows(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """From the command, too, which says what it wrote."""
    words = ["export", "dataset", "filter=length teacher=r1", "--to", str(tmp_path / "out"), "--format", "parquet"]
    assert main([*words, "--store", str(place)]) == 0
    path = tmp_path / "out" / "data" / "train.parquet"
    assert capsys.readouterr().out.splitlines()[0] == str(path)
    assert pq.read_table(path).to_pylist() == [ROW] * 12


def test_a_rehearsal_says_so_in_its_card(made: Made, place: Path, tmp_path: Path):
    """Nobody trains on it by mistake."""
    path = made.store.sweep(made.name) / "sweep.json"
    write_json(path, {**read_json(path), "banner": ["tiny stands in for QwQ (teacher)"]})
    written = api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "out")
    assert "> **Rehearsal: tiny stands in for QwQ (teacher).**" in written[1].read_text()


@pytest.mark.slow  # loads a library that loads torch
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_the_datasets_library_reads_it(form: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By its folder alone."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "out", form=form)
    from datasets import load_dataset

    rows = load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows.num_rows == 12
    assert rows[0] == ROW


class Hub:
    """Stands in for the hub's client: remembers, or fails."""

    told: ClassVar[list[dict[str, Any]]] = []
    broken = False

    def create_repo(self, name: str, **settings: Any) -> None:
        """Remember what was asked for."""
        self.told.append({"name": name, **settings})

    def upload_folder(self, **settings: Any) -> str:
        """Remember it, or fail as without a network."""
        if self.broken:
            raise OSError("no route to host")
        self.told.append(settings)
        return "done"


def test_it_is_pushed_as_a_private_dataset(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The folder that was written is what goes up; without a network that folder stays, and the way out is said."""
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    monkeypatch.setattr(Hub, "told", [])
    api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "out", push="me/rows")
    created, uploaded = Hub.told
    assert created == {"name": "me/rows", "repo_type": "dataset", "private": True, "exist_ok": True}
    assert uploaded == {"folder_path": tmp_path / "out", "repo_id": "me/rows", "repo_type": "dataset"}
    monkeypatch.setattr(Hub, "broken", True)
    with pytest.raises(BadInput, match=r"'me/rows' was not written on the hub \(no route to host\).*hf auth login"):
        api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "again", push="me/rows")
    assert (tmp_path / "again" / "README.md").exists()


def test_what_cannot_be_exported_is_told(made: Made, place: Path, tmp_path: Path):
    """A folder with something in it; a cell that is not that far; one that trains nothing."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(BadInput, match="is there and not empty; name a new folder"):
        api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "full")
    (made.folder("dataset", "chat", "length", "qwq") / "record.json").unlink()
    with pytest.raises(BadInput, match="is not made yet"):
        api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "out")
    path = made.store.sweep(made.name) / "sweep.json"
    sweep = read_json(path)
    sweep["cells"][0]["runs"] = [run for run in sweep["cells"][0]["runs"] if run["stage"] == "eval"]
    write_json(path, sweep)
    with pytest.raises(BadInput, match="trains nothing, so it has no dataset"):
        api.export_dataset("filter=length teacher=qwq", place=place, to=tmp_path / "out")
