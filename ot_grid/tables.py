"""Rows as parquet files.

One idea: a file is written under a temporary name and renamed, with nothing in it that depends on when or where it was
written, so equal rows give equal bytes. Replies are referred to, not copied: the text of a bought one stays in the
reply store.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from ot_grid import key
from ot_grid.errors import Corrupt
from ot_grid.rows import Question, Reply, Trace

FindReplies = Callable[[Sequence[str]], Mapping[str, Reply]]

_QUESTION = {"id": "string", "text": "string", "source": "string", "domain": "string", "answer": "string",
             "solution": "string", "copy": "int64"}  # fmt: skip
_REPLY = {"reply": "string", "reply_digest": "string", "text": "string", "finish_reason": "string",
          "prompt_tokens": "int64", "output_tokens": "int64", "opened": "bool"}  # fmt: skip
_TRACE = {**{f"question_{name}": kind for name, kind in _QUESTION.items()}, "sample": "int64", "verdict": "string",
          **{("trace_text" if name == "text" else name): kind for name, kind in _REPLY.items()}}  # fmt: skip


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Any]) -> int:
    """Write rows with typed columns (pyarrow types, or their names) and return how many there were."""
    import pyarrow.parquet as pq

    table = table_of(rows, columns)
    with writing(path) as file:
        pq.write_table(table, file, compression="zstd")
    return int(table.num_rows)


@contextmanager
def row_groups(path: Path, columns: Mapping[str, Any]) -> Iterator[Callable[[Iterable[Mapping[str, Any]]], None]]:
    """Hand out a function that adds rows to a file as a group of their own, so that no more need be in memory."""
    import pyarrow.parquet as pq

    schema = table_of([], columns).schema
    with writing(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield lambda rows: writer.write_table(table_of(rows, columns))


def table_of(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Any]) -> Any:
    """Return rows as an Arrow table with typed columns."""
    import pyarrow as pa

    schema = pa.schema(
        [(name, pa.type_for_alias(kind) if isinstance(kind, str) else kind) for name, kind in columns.items()]
    )
    return pa.Table.from_pylist([{name: row[name] for name in columns} for row in rows], schema=schema)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that is there, whole and on the disk, when all went well, and not at all when it did not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a parquet file as dicts; raise `Corrupt`, naming the way out, when it is not one."""
    import pyarrow.parquet as pq

    with _readable(path):
        with pq.ParquetFile(path) as file:  # read_table would load pandas, which takes longer than most stages
            rows: list[dict[str, Any]] = []
            for group in range(file.num_row_groups):  # all at once, texts of more than 2 GiB cannot be read
                rows += file.read_row_group(group).to_pylist()
        return rows


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """Raise `Corrupt`, naming the way out, where a file cannot be read."""
    import pyarrow as pa

    try:
        yield path
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: bytes that are no UTF-8 any more
        raise Corrupt(
            f"{path} cannot be read ({error}); delete its artifact {_artifact(path)} and run again"
        ) from error


def _artifact(path: Path) -> Path:
    return path.parent.parent if path.parent.name == "data" else path.parent


def write_questions(artifact: Path, questions: Iterable[Question]) -> int:
    """Write `data/questions.parquet` of an artifact."""
    return write_rows(artifact / "data" / "questions.parquet", map(asdict, questions), _QUESTION)


def read_questions(artifact: Path) -> list[Question]:
    """Read `data/questions.parquet` of an artifact."""
    return [Question(**row) for row in read_rows(artifact / "data" / "questions.parquet")]


def write_traces(artifact: Path, traces: Iterable[Trace]) -> int:
    """Write `data/traces.parquet`: references to bought replies; text only for replies that no model wrote."""
    return write_rows(artifact / "data" / "traces.parquet", map(_trace_row, traces), _TRACE)


def _trace_row(trace: Trace) -> dict[str, Any]:
    reply = trace.reply
    return {
        **{f"question_{name}": value for name, value in asdict(trace.question).items()},
        "sample": trace.sample,
        "verdict": trace.verdict,
        "reply": reply.key,
        "reply_digest": key.digest(reply.text),
        "trace_text": None if reply.key else reply.text,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "output_tokens": reply.output_tokens,
        "opened": reply.opened,
    }


def read_traces(artifact: Path, find: FindReplies) -> list[Trace]:
    """Read `data/traces.parquet`, with the text of bought replies from `find`; raise `Corrupt` when one is gone."""
    rows = read_rows(artifact / "data" / "traces.parquet")
    bought = find([row["reply"] for row in rows if row["reply"]])
    return [_trace(row, bought, artifact) for row in rows]


class Traces:
    """The traces of artifacts, of which only those that are taken have texts in memory."""

    def __init__(self, artifacts: Sequence[Path], find: FindReplies) -> None:
        import pyarrow.parquet as pq

        self.find, self.artifacts, self._tables, self.names = find, artifacts, [], list[tuple[str, int]]()
        self._places: list[tuple[int, int]] = []  # artifact, and row in it
        for number, artifact in enumerate(artifacts):
            with _readable(artifact / "data" / "traces.parquet") as path, pq.ParquetFile(path) as file:
                table = file.read()
            self._tables.append(table)
            parts = (table[f"question_{name}"].to_pylist() for name in ("id", "source", "copy"))
            rows = (f"{id_}/{source}/{copy}" for id_, source, copy in zip(*parts, strict=True))
            self.names += zip(rows, table["sample"].to_pylist(), strict=True)
            self._places += [(number, row) for row in range(table.num_rows)]

    def __len__(self) -> int:
        return len(self.names)

    def take(self, numbers: Sequence[int]) -> list[Trace]:
        """Return some traces, by their numbers, with their texts; raise `Corrupt` when one is gone."""
        places = [self._places[number] for number in numbers]
        rows = [self._tables[artifact].slice(row, 1).to_pylist()[0] for artifact, row in places]
        bought = self.find([row["reply"] for row in rows if row["reply"]])
        return [_trace(row, bought, self.artifacts[at]) for row, (at, _) in zip(rows, places, strict=True)]


def references(artifact: Path) -> list[tuple[tuple[str, int], str]]:
    """Read of `data/traces.parquet` the id of each question and the sample, with the key of its bought reply."""
    rows = read_rows(artifact / "data" / "traces.parquet")
    return [((row["question_id"], row["sample"]), row["reply"]) for row in rows if row["reply"]]


def _trace(row: dict[str, Any], bought: Mapping[str, Reply], artifact: Path) -> Trace:
    asked = Question(**{name: row[f"question_{name}"] for name in _QUESTION})
    numbers = row["finish_reason"], row["prompt_tokens"], row["output_tokens"]
    if not row["reply"]:
        return Trace(asked, row["sample"], Reply("", row["trace_text"], *numbers), row["verdict"])
    if row["reply"] not in bought:
        raise Corrupt(
            f"{artifact} refers to the reply {row['reply']}, which is not in the store any more; "
            "delete it and run again"
        )
    reply = bought[row["reply"]]
    if key.digest(reply.text) != row["reply_digest"]:
        raise Corrupt(
            f"the reply {row['reply']} is not the text that {artifact} was made from; delete it and run again"
        )
    opened = bool(row.get("opened"))  # artifacts of older versions do not say
    return Trace(asked, row["sample"], replace(reply, opened=opened), row["verdict"])


def write_dropped(artifact: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write `dropped.parquet`: which rows were lost, and why (columns row, reason, score)."""
    return write_rows(artifact / "dropped.parquet", rows, {"row": "string", "reason": "string", "score": "double"})
