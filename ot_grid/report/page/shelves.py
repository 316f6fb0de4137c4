"""Where the artifacts of a store lie, and rows of them by name.

One idea: a page reads a few rows of large files, so it asks for those rows alone; what is gone or broken is not there,
and a report is made without it. It must not write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ot_grid import store as disk
from ot_grid.errors import Corrupt
from ot_grid.inference.replies import Replies
from ot_grid.rows import Question
from ot_grid.store import Store

QUESTIONS, TRACES = "data/questions.parquet", "data/traces.parquet"


class Shelves:
    """The artifacts of a store by key, and its replies."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._stages: dict[str, dict[str, Path]] = {}

    @cached_property
    def replies(self) -> Replies:
        """The reply store, opened when it is first asked."""
        return Replies(self.store.replies)

    def folder(self, stage: str, key: str) -> Path | None:
        """Return the folder of a stage run, None when there is none."""
        if stage not in self._stages:
            self._stages[stage] = self.store.artifacts(stage)
        return self._stages[stage].get(key)

    def inputs(self, artifact: Path, stages: Iterable[str]) -> list[Path]:
        """Return the folders of an artifact's inputs, which are of one of these stages."""
        keys = said(artifact / disk.RECIPE).get("inputs") or ()
        found = (self.folder(stage, str(key)) for key in keys for stage in stages)
        return [folder for folder in found if folder is not None]

    def text(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the texts of bought replies; those that are gone are not there."""
        try:
            return {key: found.reply.text for key, found in self.replies.find(filter(None, keys)).items()}
        except (Corrupt, OSError):
            return {}


def said(path: Path) -> dict[str, Any]:
    """Return what a JSON file of an artifact says; nothing where it is broken or not there."""
    try:
        read = disk.read_json(path)
    except (Corrupt, OSError):
        return {}
    return read if isinstance(read, dict) else {}


def rows(
    path: Path, columns: Sequence[str] | None = None, only: tuple[str, Iterable[str | int]] | None = None
) -> list[Any]:
    """Return rows of a parquet file, `only` those whose column has one of the values; none where it is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    filters = [(only[0], "in", list(set(only[1])))] if only else None
    try:
        found = pq.read_table(path, columns=list(columns) if columns else None, filters=filters)
        return list(found.to_pylist())
    except (pa.ArrowException, OSError, ValueError):  # ValueError: bytes that are no UTF-8 any more
        return []


def frame(path: Path, columns: Sequence[str]) -> pd.DataFrame | None:
    """Return columns of a parquet file; None where it is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found: pd.DataFrame = pq.read_table(path, columns=list(columns)).to_pandas()
        return found
    except (pa.ArrowException, OSError, ValueError):
        return None


def first(path: Path, count: int, columns: Sequence[str] | None = None) -> list[Any]:
    """Return the first rows of a parquet file without reading the others; none where it is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        batches = pq.ParquetFile(path).iter_batches(count, columns=list(columns) if columns else None)
        return list(next(batches).to_pylist())
    except (pa.ArrowException, OSError, ValueError, StopIteration):
        return []


def questions(artifact: Path, wanted: Sequence[str]) -> dict[str, Question]:
    """Return the questions of an artifact with these row names."""
    ids = {name.partition("/")[0] for name in wanted}
    if not ids or not (artifact / QUESTIONS).exists():
        return {}
    found = (_question(row) for row in rows(artifact / QUESTIONS, only=("id", ids)))
    asked, names = {each.row: each for each in found}, set(wanted)
    return {name: each for name, each in asked.items() if name in names}


def traces(artifact: Path, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return rows of an artifact's traces by name, as `question row#sample`, with the question under `question`."""
    ids = {name.partition("/")[0] for name in names}
    if not ids or not (artifact / TRACES).exists():
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows(artifact / TRACES, only=("question_id", ids)):
        asked = _question({name.removeprefix("question_"): row[name] for name in row if name.startswith("question_")})
        found[f"{asked.row}#{row['sample']}"] = {**row, "question": asked}
    return {name: found[name] for name in names if name in found}


def _question(row: Mapping[str, Any]) -> Question:
    return Question(**{name: row[name] for name in ("id", "text", "source", "domain", "answer", "solution", "copy")})
