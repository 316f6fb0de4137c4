"""Which scoring of an evaluation is read: the first, or a later one by its label.

One idea: a later scoring lies beside the first, as `scores/<label>/matrix.parquet`, and is read only when it is asked
for. It must not score anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput, Corrupt, nearest
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.stages.eval import MATRIX_FILE, SCORE, SCORES
from ot_grid.store import read_json


def matrix(artifact: Path, label: str | None) -> tuple[Path, str]:
    """Return the matrix to read of an eval artifact, and the label it is from: "" for the first scoring."""
    path = artifact / SCORES / label / MATRIX_FILE if label else artifact
    return (path, label) if label and path.exists() else (artifact / "data" / MATRIX_FILE, "")


def told(artifact: Path, label: str) -> dict[str, Any]:
    """Return what `score.json` says of a later scoring; nothing where it is broken or not there."""
    try:
        said = read_json(artifact / SCORES / label / SCORE)
    except (Corrupt, OSError):
        return {}
    return said if isinstance(said, dict) else {}


def check(label: str, artifacts: Iterable[Path]) -> None:
    """Raise `BadInput` when no artifact has a scoring of that label."""
    there = {path.parent.name for artifact in artifacts for path in artifact.glob(f"{SCORES}/*/{MATRIX_FILE}")}
    if not there:
        raise BadInput(
            f"--grade {label!r}: this sweep was scored once only; leave --grade out, or score its replies again: "
            "python -m ot_grid rescore"
        )
    if label not in there:
        raise BadInput(f"--grade {label!r} is no scoring of this sweep; {nearest(label, there)}")


def said(label: str, benchmarks: Sequence[Sequence[BenchmarkResult]]) -> str:
    """Return which benchmarks were read from the scoring `label`, and which were not; `benchmarks` by cell."""
    every = [each for cell in benchmarks for each in cell]
    cells = Counter(each.name for each in every)
    here = Counter(each.name for each in every if each.grade == label)
    whole = [name for name in cells if here[name] == cells[name]]
    mixed = [f"{name} ({here[name]} of {cells[name]} cells)" for name in cells if 0 < here[name] < cells[name]]
    first = [name for name in cells if not here[name]]
    parts = [f"from it: {', '.join(whole) or 'none'}", *([f"as first scored: {', '.join(first)}"] if first else [])]
    if mixed:
        parts.append(f"in part, so that their cells do not compare: {', '.join(mixed)}")
    return f"Scores of {label!r}: {'; '.join(parts)}."
