"""Rows as parquet files.

One idea: a file is written under a temporary name and renamed, with nothing in it that depends on when or where it was
written, so equal rows give equal bytes. Replies are referred to, not copied: the text of a bought one stays in the
reply store.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

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
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [(name, pa.type_for_alias(kind) if isinstance(kind, str) else kind) for name, kind in columns.items()]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    table = pa.Table.from_pylist([{name: row[name] for name in columns} for row in rows], schema=schema)
    with temporary.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return int(table.num_rows)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a parquet file as dicts; raise `Corrupt`, naming the way out, when it is not one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:  # read_table would load pandas, which takes longer than most stages
            rows: list[dict[str, Any]] = file.read().to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: bytes that are no UTF-8 any more
        raise Corrupt(
            f"{path} cannot be read ({error}); delete its artifact {_artifact(path)} and run again"
        ) from error
    return rows


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
    found = bought[row["reply"]]
    if key.digest(found.text) != row["reply_digest"]:
        raise Corrupt(
            f"the reply {row['reply']} is not the text that {artifact} was made from; delete it and run again"
        )
    opened = bool(row.get("opened"))  # artifacts of older versions do not say
    return Trace(asked, row["sample"], replace(found, opened=opened), row["verdict"])


def write_dropped(artifact: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write `dropped.parquet`: which rows were lost, and why (columns row, reason, score)."""
    return write_rows(artifact / "dropped.parquet", rows, {"row": "string", "reason": "string", "score": "double"})
