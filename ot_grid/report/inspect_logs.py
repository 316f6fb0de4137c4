"""One evaluation as a log that Inspect's viewer opens: every question and repeat with prompt, reply, verdict.

One idea: an epoch is a repeat, a score is ours with its reason, and nothing stands in the log that was not recorded.
It must not score.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from ot_grid import key
from ot_grid.report.evaluations import Evaluation
from ot_grid.stages.eval import Answered, chat

VERSION = 2  # of the form of a log
SCORER = "ot_grid"
STOPPED = {"length": "max_tokens"}  # our reason for an end -> theirs; others are "stop"


def log(evaluation: Evaluation, model: str) -> dict[str, Any]:
    """Return a finished evaluation as plain data in Inspect's form; `model` names who answered."""
    record, sampling = evaluation.record, evaluation.benchmark["sampling"]
    finished = str(record["finished"])
    samples = [
        _sample(evaluation, row, item, model) for row, item in zip(evaluation.rows, evaluation.asked, strict=True)
    ]
    scores = [row["score"] or 0.0 for row in evaluation.rows]
    mean = sum(scores) / len(scores) if scores else 0.0
    questions = list(dict.fromkeys(sample["id"] for sample in samples))
    return {
        "version": VERSION,
        "status": "success",
        "eval": {
            "eval_id": str(record["key"]), "run_id": str(record["key"]), "created": finished,
            "task": evaluation.name, "task_id": str(record["key"]), "task_version": 0, "task_attribs": {},
            "task_args": {}, "model": model, "model_args": {},
            "dataset": {
                "name": evaluation.name, "samples": len(questions), "sample_ids": questions, "shuffled": False,
            },
            "config": {"epochs": int(evaluation.benchmark["repeats"])},
            "packages": {"ot_grid": _version()},
        },
        "plan": {
            "name": "plan", "steps": [],
            "config": {name: sampling.get(name) for name in ("temperature", "top_p", "max_tokens")},
        },
        "results": {
            "total_samples": len(samples), "completed_samples": len(samples),
            "scores": [{
                "name": SCORER, "scorer": SCORER, "params": {},
                "metrics": {"mean": {"name": "mean", "value": mean, "params": {}}},
            }],
        },
        "stats": {"started_at": finished, "completed_at": finished, "model_usage": {}},
        "samples": samples,
    }  # fmt: skip


def _sample(evaluation: Evaluation, row: Mapping[str, Any], item: Answered, model: str) -> dict[str, Any]:
    asked = [dict(message) for message in chat(evaluation.benchmark, item.question)]
    answer = {"role": "assistant", "content": item.reply.text, "source": "generate"}
    ended = STOPPED.get(item.reply.finish_reason, "stop")
    return {
        "id": item.question.row, "epoch": item.repeat + 1, "input": asked,
        "target": str(item.question.answer if item.question.answer is not None else ""),
        "messages": [*asked, answer],
        "output": {
            "model": model, "choices": [{"message": answer, "stop_reason": ended}],
            "usage": {
                "input_tokens": item.reply.prompt_tokens, "output_tokens": item.reply.output_tokens,
                "total_tokens": item.reply.prompt_tokens + item.reply.output_tokens,
            },
        },
        "scores": {
            SCORER: {
                "value": row["score"] or 0.0, "answer": row["extracted"],
                "explanation": f"{row['verdict']}{': ' + row['reason'] if row['reason'] else ''}",
            },
        },
        "metadata": {"verdict": row["verdict"], "finish_reason": item.reply.finish_reason, "prompt": key.digest(asked)},
        "store": {}, "events": [], "model_usage": {}, "attachments": {},
    }  # fmt: skip


def _version() -> str:
    try:
        return metadata.version("ot_grid")
    except metadata.PackageNotFoundError:
        return "a checkout"
