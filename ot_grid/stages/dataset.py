"""The dataset stage: what the student is trained on.

One idea: the branches meet here, in an order that depends on the rows alone, and become tokens, once and on CPUs. It
must not drop a trace for what is wrong with it, unless the format says so.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ot_grid import key, tables
from ot_grid.config import Cut, Model, Reasoning
from ot_grid.inference.models import locate
from ot_grid.registry import register
from ot_grid.rows import CLOSE, OPEN, Dropped, Trace
from ot_grid.stages import bind, sieve
from ot_grid.stages.training import encode, tokens
from ot_grid.stages.work import Work

VERSION = 3
AT_ONCE = 256  # rows in memory, and in a group of a file
Messages = dict[str, list[dict[str, str]]]


@register("format")
def think(trace: Trace, *, reasoning: Reasoning, cut: Cut) -> Messages | Dropped[Trace]:
    """Make a chat of one turn without a system prompt: `<think>`, reasoning, `</think>`, an empty line, answer."""
    thought, answer = trace.parts
    if cut == "drop" and trace.reply.cut:
        return Dropped(trace, "cut at max_tokens")
    if reasoning == "required" and not thought:
        return Dropped(trace, "no reasoning")
    ended = answer or not trace.reply.cut  # a thought that was cut gets no end that it did not have
    block = f"{OPEN}\n{thought}" + (f"\n{CLOSE}\n\n" if ended else "") if thought or reasoning == "always" else ""
    if not thought + answer:
        return Dropped(trace, "empty reply")
    user, assistant = {"role": "user", "content": trace.question.text}, {"role": "assistant", "content": block + answer}
    return {"messages": [user, assistant]}


def run(work: Work) -> dict[str, Any]:
    """Write `data/dataset.parquet`, the rows as text, and `data/tokens.arrow`, the same rows as the student reads them.

    The text has prompt, completion, question, sample, source, domain, and whether the reply ended. Of both no more is
    in memory than a few hundred rows. There are no tokens for a training of somebody's own that names no student.
    """
    traces = tables.Traces(work.inputs, work.asker.find)
    order = sorted(range(len(traces)), key=lambda number: key.fraction("dataset", *traces.names[number]))
    made, student, kept = bind.bound("format", work.reads["format"]), Student.of(work), Kept()
    data = work.out / "data"
    with ExitStack() as files:
        add_texts = files.enter_context(tables.row_groups(data / "dataset.parquet", _columns()))
        add_tokens = files.enter_context(tokens.writing(data / tokens.FILE)) if student else None
        for start in range(0, len(order), AT_ONCE):
            taken = traces.take(order[start : start + AT_ONCE])
            rows = _formatted(taken, made, work.reads["format"]["function"], kept.dropped)
            if student:
                rows = student.encoded(rows, kept)
            if rows:
                add_texts([row.plain for row in rows])
            if rows and add_tokens:
                add_tokens([row.tokens for row in rows if row.tokens])
            kept.count(rows)
            work.progress(start + len(taken), len(order), "rows")
        if not kept.rows:
            raise sieve.nothing_kept(
                "dataset", [reason for _, reason in kept.dropped], "see what the stages before it dropped, and why"
            )
    tables.write_dropped(work.out, ({"row": name, "reason": reason, "score": None} for name, reason in kept.dropped))
    return {**kept.counts(), "dropped": sieve.by_reason(reason for _, reason in kept.dropped)}


@dataclass
class TrainingRow:
    """A row that is kept: the trace it comes from, its form as text, and its tokens where a student is known."""

    trace: Trace
    plain: dict[str, Any]
    tokens: tokens.Row | None = None


@dataclass
class Student:
    """How the student reads rows."""

    tokenizer: Any
    max_length: int
    settings: dict[str, Any] | None = None  # of its chat template

    @classmethod
    def of(cls, work: Work) -> Student | None:
        """Return the student that the training names, None where it names none."""
        if not {"student", "template", "max_length"} <= work.reads.keys():
            return None
        model = bind.made(Model, work.reads["student"])
        folder = locate(model, known=work.cluster.models, cache=Path(work.cluster.model_cache).expanduser())
        # The tokenizer's own threads: what is started after this are programs of their own, no forks.
        os.environ.update(TOKENIZERS_PARALLELISM="true", RAYON_NUM_THREADS=str(work.cluster.threads or 1))
        return cls(
            encode.tokenizer_of(folder, work.reads["template"]),
            int(work.reads["max_length"]),
            model.chat_template_kwargs,
        )

    def encoded(self, rows: Sequence[TrainingRow], kept: Kept) -> list[TrainingRow]:
        """Return the rows that have something to train, with their tokens; the others are noted as dropped."""
        made = encode.encode([row.plain for row in rows], self.tokenizer, self.max_length, self.settings)
        kept.rows_cut += made.cut
        for row, read in zip(rows, made.rows, strict=True):
            row.tokens = read
            if read is None:
                kept.dropped.append((sieve.label(row.trace), f"{tokens.PROMPT_TOO_LONG}: {self.max_length} tokens"))
        return [row for row in rows if row.tokens]


@dataclass
class Kept:
    """What is counted of rows as they are written."""

    rows: int = 0
    rows_cut: int = 0
    tokens: int = 0
    cut: int = 0
    unreasoned: int = 0
    output_tokens: int = 0
    questions: set[str] = field(default_factory=set)
    by_source: Counter[str] = field(default_factory=Counter)
    dropped: list[tuple[str, str]] = field(default_factory=list)  # row, reason

    def count(self, rows: Sequence[TrainingRow]) -> None:
        """Count rows that are kept."""
        for row in rows:
            trace = row.trace
            self.rows += 1
            self.tokens += len(row.tokens[0]) if row.tokens else 0
            self.cut += trace.reply.cut
            self.unreasoned += not trace.parts[0]
            self.output_tokens += trace.reply.output_tokens
            self.questions.add(trace.question.id)
            self.by_source[trace.question.source] += 1

    def counts(self) -> dict[str, Any]:
        """Return what the record says of the rows."""
        return {
            "rows": self.rows,
            "rows_cut": self.rows_cut,
            "tokens": self.tokens,
            "questions": len(self.questions),
            "output_tokens": self.output_tokens,
            "cut_share": self.cut / self.rows,
            "empty_reasoning_share": self.unreasoned / self.rows,
            "by_source": dict(sorted(self.by_source.items())),
        }


def _formatted(
    traces: Sequence[Trace], made: Callable[[Trace], Any], function: str, dropped: list[tuple[str, str]]
) -> list[TrainingRow]:
    """Return traces in the form of rows; those that the format drops are noted."""
    messages: dict[str, Messages] = {}

    def formatted() -> Iterator[Trace | Dropped[Trace]]:
        for trace in traces:
            result = made(trace)
            if not isinstance(result, Dropped):
                messages[sieve.label(trace)] = result
            yield result if isinstance(result, Dropped) else trace

    kept, lost = sieve.settle(traces, formatted(), function)
    dropped += [(sieve.label(item.row), item.reason) for item in lost]
    return [TrainingRow(trace, _plain(trace, messages[sieve.label(trace)])) for trace in kept]


def _plain(trace: Trace, made: Messages) -> dict[str, Any]:
    asked = trace.question
    *prompt, completion = made["messages"]
    return {"prompt": prompt, "completion": [completion], "question": asked.row, "sample": trace.sample,
            "source": asked.source, "domain": asked.domain, "ended": not trace.reply.cut}  # fmt: skip


def _columns() -> dict[str, Any]:
    import pyarrow as pa

    chat = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    texts = dict.fromkeys(("source", "domain"), "string")
    return {"prompt": chat, "completion": chat, "question": "string", "sample": "int64", **texts,
            "ended": "bool"}  # fmt: skip
