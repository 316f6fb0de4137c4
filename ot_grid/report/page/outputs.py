"""The outputs of one evaluation, as many as a page has room for.

One idea: when not all fit, the questions that tell rows apart come first, and long outputs lose their middle: what was
asked of the model is answered at the end. It must not decide which evaluations are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ot_grid.report.page import shelves
from ot_grid.report.page.answers import STEPS, UNKNOWN, Bytes
from ot_grid.report.page.shelves import Shelves

OUTPUT = ("repeat", "verdict", "score", "extracted", "reason", "finish_reason", "output_tokens", "reply")
PACKED = 0.45  # characters in the page for one of an output: gzip makes a third of it, base64 adds a third
BESIDE = 150  # characters of what stands beside an output


@dataclass(frozen=True)
class Length:
    """How much of the outputs of a question is shown."""

    repeats: int
    letters: int  # of one output


@dataclass(frozen=True)
class Room:
    """What one evaluation may take of a page."""

    size: float  # characters in the page
    whole: Length  # where all questions fit
    brief: Length  # where they do not


def telling(means: Bytes, first: int, second: int) -> npt.NDArray[np.intp]:
    """Return the places of questions, first those on which two rows differ most, then those on which all do."""
    shares = np.where(means == UNKNOWN, np.nan, means / STEPS)
    known = (~np.isnan(shares)).sum(axis=0)
    middle = np.divide(np.nansum(shares, axis=0), known, out=np.zeros(means.shape[1]), where=known > 0)
    spread = np.sqrt(np.nansum((shares - middle) ** 2, axis=0) / np.maximum(known, 1))
    apart = np.nan_to_num(np.abs(shares[first] - shares[second]))
    return np.argsort(-(apart + spread), kind="stable")


def read(place: Shelves, path: Path, ids: Sequence[str], room: Room) -> tuple[dict[str, list[Any]], bool]:
    """Return the outputs of questions, those of the first of `ids` that fit, and whether that is all.

    Nothing of a broken file.
    """
    about = shelves.frame(path, ["question", "repeat", "characters"])
    if about is None:
        return {}, True
    questions, length = _fitting(about, ids, room)
    rows = [
        row
        for row in shelves.rows(path, ("question", *OUTPUT), ("question", questions))
        if row["repeat"] < length.repeats
    ]
    texts = place.text(str(row["reply"]) for row in rows)
    found: dict[str, list[Any]] = {}
    for row in sorted(rows, key=lambda each: each["repeat"]):
        text = texts.get(row["reply"])
        shown = None if text is None else without_middle(text, length.letters)
        found.setdefault(row["question"], []).append([*(row[name] for name in OUTPUT[:-1]), shown])
    return found, length == room.whole


def _fitting(about: pd.DataFrame, wanted: Sequence[str], room: Room) -> tuple[list[str], Length]:
    sizes = _sizes(about, wanted, room.whole)
    if sizes.sum() <= room.size:
        return list(sizes.index), room.whole
    brief = _sizes(about, wanted, room.brief)
    return list(brief.index[brief.cumsum() <= room.size]), room.brief


def _sizes(about: pd.DataFrame, wanted: Sequence[str], length: Length) -> pd.Series[float]:
    """Return what each question takes of a page, in the order in which they are wanted."""
    shown = about[about["repeat"] < length.repeats]
    letters = PACKED * (shown["characters"].fillna(0).clip(upper=length.letters) + BESIDE)
    return letters.groupby(shown["question"]).sum().reindex(list(wanted)).dropna()


def without_middle(text: str, most: int) -> str:
    """Return a text of about `most` characters: a third from its beginning, the rest from its end."""
    if len(text) <= most:
        return text
    head = most // 3
    left = len(text) - most
    return f"{text[:head]}\n… ({left:,} characters are left out here) …\n{text[head + left :]}"
