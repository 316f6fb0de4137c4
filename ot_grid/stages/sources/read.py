"""Rows of a local file, by its suffix: .jsonl, .json (an array or lines), .csv, .parquet; each with its place.

One idea: values come as they were written, from where it is said ("line 7"); nothing is converted, cached or copied. It
must not know what a question is.
"""

from __future__ import annotations

import csv
import difflib
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput, nearest

Cells = Mapping[str, Any]
Placed = tuple[str, Cells]  # where in its file a row stands, e.g. "line 7", and the row
MOST_NAMED = 5  # files of a folder that was given in place of one
OTHER_SEPARATORS = (";", "\t", "|")


def read(path: Path) -> Iterator[Placed]:
    """Yield the rows of a file with their places; raise `BadInput` when it is missing or, with the line, unreadable."""
    readers = {".jsonl": _lines, ".json": _json, ".csv": _csv, ".parquet": _parquet}
    if not path.is_file():
        raise BadInput(f"{path} is not a file: {_instead(path, readers)}")
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


def _instead(path: Path, suffixes: Collection[str]) -> str:
    """Say why a path is no file, and which was likely meant."""
    if path.is_dir():
        inside = sorted(other.name for other in path.iterdir() if other.suffix in suffixes)
        shown = ", ".join([*inside[:MOST_NAMED], *(["..."] if len(inside) > MOST_NAMED else [])])
        return f"it is a folder; name one file of it: {shown}" if inside else "it is a folder without a file to read"
    if not path.parent.is_dir():
        return "its folder is not there; give the path of a file"
    close = difflib.get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1)
    return f"did you mean {close[0]!r}?" if close else "nothing in its folder is called alike"


def _lines(path: Path) -> Iterator[Placed]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"line {number}", _object(_decoded(line, number), f"{path} line {number}")


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


def _json(path: Path) -> Iterator[Placed]:
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
        yield f"item {number}", item


def _csv(path: Path) -> Iterator[Placed]:
    csv.field_size_limit(sys.maxsize)  # a worked solution may be long
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        twice = [name for name, count in Counter(header).items() if count > 1]
        if twice:
            raise BadInput(f"{path}: the header has the column {twice[0]!r} twice; rename one")
        others = [mark for mark in OTHER_SEPARATORS if len(header) == 1 and mark in header[0]]
        if others:
            raise BadInput(f"{path}: its header is parted by {others[0]!r}, not by commas: {header[0]!r}; write commas")
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                raise BadInput(
                    f"{path} line {lines.line_num} has {len(cells)} cells, and its header {len(header)}: "
                    f"{str(cells)[:60]}; put quotes around a cell that holds a comma"
                )
            yield f"line {lines.line_num}", dict(zip(header, cells, strict=True))


def _parquet(path: Path) -> Iterator[Placed]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    file, number = pq.ParquetFile(path), 0
    types = {pa.float16(): np.float16, pa.float32(): np.float32}
    short = {field.name: types[field.type] for field in file.schema_arrow if field.type in types}
    for batch in file.iter_batches():
        for row in batch.to_pylist():
            number += 1
            # as they were written: 0.1 as a float32 is 0.10000000149011612 as a float
            row.update({name: float(str(kind(row[name]))) for name, kind in short.items() if row[name] is not None})
            yield f"row {number}", row
