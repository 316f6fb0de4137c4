"""Rows of a local file, by its suffix: .jsonl, .json (an array or lines), .csv, .parquet.

One idea: values come as they were written; nothing is converted, cached or copied. It must not know what a question is.
"""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput, nearest

Cells = Mapping[str, Any]


def read(path: Path) -> Iterator[Cells]:
    """Yield the rows of a file; raise `BadInput` when it is missing or, with the line, when it cannot be read."""
    if not path.is_file():
        if not path.parent.is_dir():
            raise BadInput(f"{path} is not a file: its folder is not there; give the path of a file")
        close = difflib.get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1)
        guess = f"did you mean {close[0]!r}?" if close else "nothing in its folder is called alike"
        raise BadInput(f"{path} is not a file; {guess}")
    readers = {".jsonl": _lines, ".json": _json, ".csv": _csv, ".parquet": _parquet}
    if path.suffix not in readers:
        raise BadInput(
            f"{path} has the suffix {path.suffix!r}, which no reader is for; {nearest(path.suffix, readers)}"
        )
    try:
        yield from readers[path.suffix](path)
    except (UnicodeDecodeError, OSError, ValueError, csv.Error) as error:
        raise BadInput(
            f"{path} cannot be read as {path.suffix}: {error}; write it again, or name it as what it is"
        ) from error


def _lines(path: Path) -> Iterator[Cells]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _object(_decoded(line, number), f"{path} line {number}")


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{error} (line {number})") from error


def _object(text: str, where: str) -> Cells:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"{where} is not JSON ({error.msg} at column {error.colno}): {text.strip()[:60]!r}; correct it"
        ) from error
    if not isinstance(value, dict):
        raise BadInput(f"{where} holds {type(value).__name__} {text.strip()[:60]!r}; a row must be an object {{...}}")
    return value


def _json(path: Path) -> Iterator[Cells]:
    text = path.read_text(encoding="utf-8-sig")
    if not text.lstrip().startswith("["):
        yield from _lines(path)
        return
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"{path} line {error.lineno} is not JSON ({error.msg} at column {error.colno}); correct it"
        ) from error
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise BadInput(f"{path} item {number} is {str(item)[:60]!r}; a row must be an object {{...}}")
        yield item


def _csv(path: Path) -> Iterator[Cells]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _parquet(path: Path) -> Iterator[Cells]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()
