"""Rows that a stage kept, each as a title and texts.

One idea: only the first rows of a file are read, in the order that the stage wrote them. It must not shorten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ot_grid.report.page import shelves
from ot_grid.report.page.shelves import Shelves

DATASET, TOKENS, MATRIX, SCORES = (
    "data/dataset.parquet",
    "data/tokens.arrow",
    "data/matrix.parquet",
    "data/scores.parquet",
)
GONE = "(not in the store any more)"
NOT_TRAINED = -100  # the label of a token on which there is no loss


@dataclass(frozen=True)
class ShownRow:
    """A row: what it is, in a line, and its texts, each with what it is."""

    title: str
    texts: tuple[tuple[str, str], ...]


def kept(place: Shelves, stage: str, folder: Path, most: int) -> Iterator[ShownRow]:
    """Yield the first rows of what a stage run kept."""
    if stage == "dataset":
        yield from _training_rows(folder, most)
    elif stage == "eval":
        yield from _replies(place, folder, most)
    elif (folder / shelves.TRACES).exists():
        yield from _traces(place, folder, most)
    elif (folder / shelves.QUESTIONS).exists():
        yield from _questions(folder, most)


def _questions(folder: Path, most: int) -> Iterator[ShownRow]:
    rated = {}
    if (folder / SCORES).exists():
        rated = {row["row"]: row for row in shelves.rows(folder / SCORES, ["row", "score", "note"])}
    for row in shelves.first(folder / shelves.QUESTIONS, most):
        name = f"{row['id']}/{row['source']}/{row['copy']}"
        score = rated.get(name)
        told = f", score {score['score']:g}{': ' + score['note'] if score['note'] else ''}" if score else ""
        texts = [("Question", row["text"]), ("Known answer", row["answer"] if row["answer"] is not None else "(none)")]
        yield ShownRow(f"{name}{told}", (*texts, *([("Worked solution", row["solution"])] if row["solution"] else [])))


def _traces(place: Shelves, folder: Path, most: int) -> Iterator[ShownRow]:
    rows = shelves.first(folder / shelves.TRACES, most)
    bought = place.text(str(row["reply"]) for row in rows if row["reply"])
    for row in rows:
        name = f"{row['question_id']}/{row['question_source']}/{row['question_copy']}#{row['sample']}"
        verdict = f", {row['verdict']}" if row["verdict"] else ""
        text = bought.get(row["reply"], GONE) if row["reply"] else row["trace_text"]
        opened = " (its prompt had opened <think>)" if row.get("opened") else ""
        yield ShownRow(
            f"{name}: {row['output_tokens']:,} tokens{_ended(row)}{verdict}",
            (("Question", row["question_text"]), (f"Trace{opened}", text)),
        )


def _ended(row: Mapping[str, Any]) -> str:
    return ", stopped by the token limit" if row["finish_reason"] == "length" else ""


def _training_rows(folder: Path, most: int) -> Iterator[ShownRow]:
    limit = (shelves.said(folder / "recipe.json").get("reads") or {}).get("max_length")
    tokens = list(_tokens(folder / TOKENS, most))
    for number, row in enumerate(shelves.first(folder / DATASET, most)):
        read = _said_of(*tokens[number], limit) if number < len(tokens) else "no tokens: its training names no student"
        texts = [(f"Not trained, {each['role']}", each["content"]) for each in row["prompt"]]
        texts += [(f"Trained, {each['role']}", each["content"]) for each in row["completion"]]
        ended = "" if row.get("ended", True) else ", its reply was stopped by the token limit"
        yield ShownRow(f"{row['question']}#{row['sample']}: {read}{ended}", tuple(texts))


def _tokens(path: Path, most: int) -> Iterator[tuple[int, int]]:
    """Yield for the first rows how many tokens they have, and how many of them are trained."""
    import pyarrow as pa

    if not path.exists():
        return
    try:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
            batch = stream.read_next_batch().slice(0, most)
    except (pa.ArrowException, OSError, StopIteration):
        return
    for labels in batch.column("labels"):
        values = labels.as_py()
        yield len(values), sum(label != NOT_TRAINED for label in values)


def _said_of(tokens: int, trained: int, limit: int | None) -> str:
    cut = f", cut at train.max_length={limit}" if limit is not None and tokens >= limit else ""
    return f"{tokens:,} tokens, {trained:,} of them trained{cut}"


def _replies(place: Shelves, folder: Path, most: int) -> Iterator[ShownRow]:
    rows = shelves.first(folder / MATRIX, most)
    bought = place.text(str(row["reply"]) for row in rows if row["reply"])
    asked: dict[str, Any] = {}
    for source in place.inputs(folder, ("benchmark",)):
        asked |= shelves.questions(source, [row["question"] for row in rows])
    for row in rows:
        known = asked.get(row["question"])
        extracted = "(none)" if row["extracted"] is None else row["extracted"]
        told = f"{row['verdict']}, {row['output_tokens']:,} tokens{_ended(row)}"
        yield ShownRow(
            f"{row['question']}, repeat {row['repeat']}: {told}",
            (
                ("Question", known.text if known else GONE),
                ("Known answer", str(known.answer) if known and known.answer is not None else "(none)"),
                ("Extracted", extracted),
                ("Reply", bought.get(row["reply"], GONE)),
            ),
        )
