"""Reports and evidence for pages, made by hand: any number of rows, any text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.report.page import Evidence
from ot_grid.report.page.pack import packed, packed_json
from ot_grid.report.selection import View

COLUMNS = ("mean", "low", "high", "se_questions", "se_decoding", "difference", "diff_low", "diff_high", "p",
           "p_adjusted", "detectable", "best", "corrected", "cut", "unextracted", "ungraded", "tokens", "seconds",
           "gpu_hours")  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What `Report.verdict` holds."""

    winner: str | None = "c0000"
    sentence: str = "No winner can be named: the best three recipes are within the noise of each other."
    comparisons: int = 3
    correction: str = "holm"
    yardstick: float = 2.4
    detectable: float = 1.9
    floor: float | None = 0.6
    floor_from: str = "3 training seeds of the reference"
    draws: int = 10_000


@dataclass
class Words:
    """Every text in a page that a stranger may have written."""

    factors: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {"filter": ["length", "difficulty"], "teacher": ["qwq", "r1"]}
    )
    benchmarks: Sequence[str] = ("math500", "aime24", "livecodebench")
    banner: Sequence[str] = ("REHEARSAL: SmolLM2-135M-Instruct stands in for Qwen/QwQ-32B (teacher)",)
    notes: Sequence[str] = (
        "Training noise is covered by 3 seeds of the reference.",
        "All rows saw the same questions.",
    )
    sentence: str = Verdict.sentence
    noise: str = "training noise is NOT covered (one training seed a cell)"
    asked: str = "Which filter and which teacher?"
    cause: str = ""
    question: str | Sequence[str] = "What is the sum of {n} and 4?"
    answer: str | Sequence[str] = "{n} + 4"
    output: str | Sequence[str] = "<think>\nWe add 4.\n</think>\n\nThe answer is \\boxed{12}."
    extracted: str | Sequence[str] = "12"
    reason: str | Sequence[str] = "not equal: 12 is not 13"
    dropped: str | Sequence[str] = "rank … of …"


def report(words: Words | None = None, **more: Any) -> Any:
    """Return a report with a row for every point of the factors."""
    said = words or Words()
    points = list(product(*said.factors.values()))
    ids = [f"c{number:04}" for number in range(len(points))]
    coordinates = [dict(zip(said.factors, point, strict=True)) for point in points]
    cells = tuple(
        FrozenCell(name, " ".join(f"{k}={v}" for k, v in at.items()), at, ())
        for name, at in zip(ids, coordinates, strict=True)
    )
    factors = {name: tuple(choices) for name, choices in said.factors.items()}
    sweep = Sweep("first-light", ("filter=length,difficulty",), factors, (), datetime(2026, 11, 23, tzinfo=UTC), cells,
                  question=said.asked)  # fmt: skip
    frame = table(said, ids, coordinates)
    made = {
        "sweep": sweep, "table": frame, "factors": effects(said), "interactions": interactions(said),
        "benchmarks": benchmarks(said, frame), "apart": pd.DataFrame(columns=["cell", "benchmark"]),
        "beside": pd.DataFrame(), "view": View(tuple(said.benchmarks), False, (), (), ()), "banner": tuple(said.banner),
        "notes": tuple(said.notes), "verdict": Verdict(sentence=said.sentence), "noise": said.noise,
        "reference": ids[len(ids) // 2], "complete": True,
    }  # fmt: skip
    return SimpleNamespace(**{**made, **more})


def table(said: Words, ids: Sequence[str], coordinates: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Return the ranked table, by the columns of the contract."""
    random, count = np.random.default_rng(5), len(ids)
    means = np.sort(random.normal(46, 4, count))[::-1]
    half = random.uniform(1.2, 2.4, count)
    reference = count // 2
    difference = means - means[reference]
    resolved = np.where(np.abs(difference) > 2 * half, "resolved", "not resolved")
    rank = np.arange(1, count + 1)
    numbers = {
        "mean": means, "low": means - half, "high": means + half, "se_questions": half / 2, "se_decoding": half / 4,
        "difference": difference, "diff_low": difference - half, "diff_high": difference + half,
        "p": np.exp(-np.abs(difference)), "p_adjusted": np.minimum(1, 3 * np.exp(-np.abs(difference))),
        "detectable": half, "best": np.exp(-rank / 2.0) / np.exp(-rank / 2.0).sum(), "corrected": means - 0.4,
        "cut": random.uniform(0, 20, count), "unextracted": random.uniform(0, 4, count), "ungraded": np.zeros(count),
        "tokens": 1e6 * np.exp(random.normal(3, 1, count)) * (1 + rank[::-1] / count),
        "seconds": random.uniform(1e3, 1e5, count), "gpu_hours": random.uniform(3, 90, count),
    }  # fmt: skip
    frame = pd.DataFrame({
        "rank": pd.array(rank, dtype="Int64"), "rank_low": np.maximum(1, rank - 2),
        "rank_high": np.minimum(count, rank + 2),
        "group": [chr(97 + min(25, at * 4 // count)) for at in range(count)],
        **{name: [at[name] for at in coordinates] for name in said.factors},
        "cell": ids, "members": ids, **numbers, "seeds": 1, "verdict": resolved,
        "domain:math": means + 1,
        **{f"score:{name}": means + random.normal(0, 3, count) for name in said.benchmarks},
        "questions": 530, "repeats": "4-10", "rows": [rows_of(at) for at in coordinates], "source": "measured",
        "status": "complete", "cause": "",
    })  # fmt: skip
    frame.loc[reference, "verdict"] = "reference"
    frame.loc[count - 1, ["status", "cause"]] = [
        "flagged: 1 of 3 benchmarks",
        said.cause or "math500: 0 % of 30 questions",
    ]
    return frame


def rows_of(at: Mapping[str, str]) -> int:
    """Return training rows: what `scale` says, or 31,600."""
    return {"1k": 1000, "3k": 3160, "10k": 10000, "31k": 31600}.get(at.get("scale", ""), 31600)


def effects(said: Words) -> pd.DataFrame:
    """Return the factor frame."""
    random = np.random.default_rng(7)
    rows = []
    for factor, choices in said.factors.items():
        moved = random.normal(0, 1.5, len(choices))
        moved -= moved.mean()
        rows += [
            {"factor": factor, "choice": choice, "mean": 46 + by, "effect": by, "low": by - 1, "high": by + 1,
             "cells": 2, "of": 2, "difference": by - moved.max(), "diff_low": by - moved.max() - 1,
             "diff_high": by - moved.max() + 1, "p_adjusted": 0.2, "share": 0.7 / (1 + len(rows)),
             "verdict": "resolved" if abs(by) > 1 else "not resolved"}
            for choice, by in zip(choices, moved, strict=True)
        ]  # fmt: skip
    return pd.DataFrame(rows)


def interactions(said: Words) -> pd.DataFrame:
    """Return the interaction frame of the first two factors."""
    (first, ours), (second, theirs) = list(said.factors.items())[:2]
    random = np.random.default_rng(9)
    return pd.DataFrame([
        {"factors": f"{first} x {second}", "choices": f"{a} x {b}", "effect": by, "low": by - 0.8, "high": by + 0.8,
         "p_adjusted": 0.4, "verdict": "not resolved"}
        for (a, b), by in zip(product(ours, theirs), random.normal(0, 0.6, len(ours) * len(theirs)), strict=True)
    ])  # fmt: skip


def benchmarks(said: Words, frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell and benchmark."""
    rows = [
        {"cell": cell, "benchmark": name, "mean": mean, "low": mean - 2, "high": mean + 2, "se_questions": 1.0,
         "se_decoding": 0.5, "questions": 30, "repeats": 10, "cut": 3.0, "unextracted": 0.0, "output_tokens": 812.0,
         "status": "done", "cause": "", "flags": ""}
        for name in said.benchmarks
        for cell, mean in zip(frame["cell"], frame[f"score:{name}"], strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def evidence(made: Any, words: Words | None = None, questions: int = 30, outputs: int = 4) -> Evidence:
    """Return evidence for a report: outputs of the first rows, the reference among them."""
    said, ids, blobs = words or Words(), list(made.table["cell"]), {}
    random = np.random.default_rng(11)

    def put(pack: str) -> str:
        blobs[f"e{len(blobs)}"] = pack
        return f"e{len(blobs) - 1}"

    hard = random.uniform(0, 1, questions)
    shown = list(dict.fromkeys([made.reference, *ids[:outputs]]))
    about, answers = [], {}
    for name in said.benchmarks:
        means = np.rint(np.clip(random.normal(hard, 0.2, (len(ids), questions)), 0, 1) * 4) * 60
        names = [f"q{n}/{name}/0" for n in range(questions)]
        texts = {"ids": names, "texts": [nth(said.question, n).replace("{n}", str(n)) for n in range(questions)],
                 "answers": [nth(said.answer, n).replace("{n}", str(n)) for n in range(questions)]}  # fmt: skip
        about.append({"name": name, "count": questions, "means": put(packed(means.astype(np.uint8).tobytes())),
                      "texts": put(packed_json(texts))})  # fmt: skip
        replies = {each: [reply(said, number, repeat) for repeat in range(2)] for number, each in enumerate(names)}
        answers[name] = {row: put(packed_json(replies)) for row in shown}
    taught = {"label": "think", "rows": [{"question": "q1/x/0", "sample": 0, "source": "numina", "domain": "math",
              "prompt": nth(said.question, 0), "completion": nth(said.output, 0)}]}  # fmt: skip
    index = {"rows": ids, "benchmarks": about, "outputs": answers, "steps": put(packed_json(steps(said))),
             "datasets": {row: [put(packed_json(taught))] for row in shown},
             "left_out": [f"Outputs: those of {len(ids) - len(shown)} rows are left out."]}  # fmt: skip
    return Evidence(index, blobs)


def reply(said: Words, number: int, repeat: int) -> list[Any]:
    """Return an output as `evidence.collect` gives it."""
    verdict = ("right", "wrong")[repeat % 2]
    found, why = nth(said.extracted, number), nth(said.reason, number)
    return [repeat, verdict, 1 - repeat % 2, found, why, ("stop", "length")[repeat % 2], 812, nth(said.output, number)]


def nth(text: str | Sequence[str], number: int) -> str:
    """Return the text, or one of several."""
    return text if isinstance(text, str) else text[number % len(text)]


def steps(said: Words) -> list[dict[str, Any]]:
    """Return steps as `steps.of_cells` gives them."""
    why = [said.dropped] if isinstance(said.dropped, str) else list(said.dropped)
    shown = [
        {
            "row": "q1/numina/0",
            "reason": each,
            "score": 3.5,
            "text": nth(said.question, n),
            "output": nth(said.output, n),
        }
        for n, each in enumerate(why)
    ]
    same = {"reason": "same text", "count": 10, "examples": [{**shown[0], "text": None}]}
    spread = {"edges": [0, 1, 2, 3], "kept": [0, 10, 140], "dropped": [30, 20, 0]}
    return [
        {"stage": stage, "label": "length", "branch": "math", "key": f"{number:016x}", "cells": ["c0000"], "in": 200,
         "kept": 150 - 20 * number, "dropped": 50 + 20 * number, "more_reasons": 0, "kept_examples": shown[:4],
         "reasons": [*({"reason": each["reason"], "count": 40, "examples": [each]} for each in shown), same],
         "spread": spread if stage == "filter" else None}
        for number, stage in enumerate(("filter", "dedup", "verify"))
    ]  # fmt: skip


def thousand() -> Words:
    """Return words for 1,000 rows and 8 benchmarks."""
    return Words(
        factors={
            "filter": ["length", "difficulty", "random", "fasttext", "none"],
            "teacher": ["qwq", "r1", "phi4", "qwen3", "oss"],
            "samples": ["x1", "x4"],
            "scale": ["1k", "3k", "10k", "31k"],
            "mix": ["top1", "top2", "top4", "top8", "all"],
        },
        benchmarks=("math500", "aime24", "aime25", "amc23", "gpqa", "jeebench", "livecodebench", "codeelo"),
    )
