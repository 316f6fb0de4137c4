"""Data as a page can carry it: text that no parser of HTML can take for markup, and bytes that a browser unpacks.

One idea: nothing of what a model wrote reaches the page but as escaped JSON or as base64. It must not know what the
data mean.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

DIGITS = 7  # significant digits of a number in the page
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def inline(value: Any) -> str:
    """Return strict JSON in ASCII without '<', '>' and '&', to stand in a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)


def packed(data: bytes) -> str:
    """Return bytes as base64 of gzip, the same for the same bytes."""
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode("ascii")


def packed_json(value: Any) -> str:
    """Return plain data as base64 of gzip of JSON."""
    return packed(json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii"))


def columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a frame as lists by column; what is not known is None."""
    return {str(name): list(map(plain, frame[name].tolist())) for name in frame.columns}


def plain(value: Any) -> Any:
    """Return a value of a frame as JSON has it: numbers with `DIGITS` digits, None for what is not known."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return str(value)
