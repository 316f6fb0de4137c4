"""The dataset stage: what the student is trained on.

One idea: the branches meet here, in an order that depends on the rows alone. It must not drop a trace for what is
wrong with it, unless the format says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ot_grid import key, tables
from ot_grid.config import Cut, Reasoning
from ot_grid.registry import register
from ot_grid.rows import CLOSE, OPEN, Dropped, Trace
from ot_grid.stages import bind, sieve
from ot_grid.stages.work import Work

VERSION = 2
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
    """Write `data/dataset.parquet`: prompt, completion, question, sample, source, domain, whether the reply ended."""
    choice = work.reads["format"]
    traces = [trace for artifact in work.inputs for trace in tables.read_traces(artifact, work.asker.find)]
    made = bind.bound("format", choice)
    messages: dict[str, Messages] = {}

    def formatted() -> Iterator[Trace | Dropped[Trace]]:
        for trace in traces:
            result = made(trace)
            if not isinstance(result, Dropped):
                messages[sieve.label(trace)] = result
            yield result if isinstance(result, Dropped) else trace

    kept, dropped = sieve.settle(traces, formatted(), choice["function"])
    if not kept:
        raise sieve.nothing_kept(
            "dataset", [d.reason for d in dropped], "see what the stages before it dropped, and why"
        )
    kept.sort(key=lambda trace: key.fraction("dataset", trace.question.row, trace.sample))
    _write(work.out / "data" / "dataset.parquet", [_row(trace, messages[sieve.label(trace)]) for trace in kept])
    sieve.write_dropped(work.out, dropped)
    return {**_counts(kept), "dropped": sieve.by_reason(item.reason for item in dropped)}


def _counts(kept: Sequence[Trace]) -> dict[str, Any]:
    return {
        "rows": len(kept),
        "questions": len({trace.question.id for trace in kept}),
        "output_tokens": sum(trace.reply.output_tokens for trace in kept),
        "cut_share": sum(trace.reply.cut for trace in kept) / len(kept),
        "empty_reasoning_share": sum(not trace.parts[0] for trace in kept) / len(kept),
        "by_source": dict(sorted(Counter(trace.question.source for trace in kept).items())),
    }


def _row(trace: Trace, made: Messages) -> dict[str, Any]:
    asked = trace.question
    *prompt, completion = made["messages"]
    return {"prompt": prompt, "completion": [completion], "question": asked.row, "sample": trace.sample,
            "source": asked.source, "domain": asked.domain, "ended": not trace.reply.cut}  # fmt: skip


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    import pyarrow as pa

    chat = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    texts = dict.fromkeys(("source", "domain"), "string")
    kinds = {"prompt": chat, "completion": chat, "question": "string", "sample": "int64", **texts,
             "ended": "bool"}  # fmt: skip
    tables.write_rows(path, rows, kinds)
