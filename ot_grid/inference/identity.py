"""The identity of models, requests and draws: what makes a reply the same reply.

One idea: a reply is named by what was asked of whom, never by how it was computed: engine, batch size and dtype must
not enter. A stand-in is a model of its own: two rehearsed teachers draw as differently as the real ones would.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ot_grid import key, store
from ot_grid.config import OF_REPLIES, Model, Sampling

REPLY_DIGITS = 32  # 128 bits: replies are counted in millions, and a collision would be a silent wrong answer


def model_key(model: Model) -> str:
    """Return the folder name of a model's replies: a readable label and the key of its identity."""
    fields = {name: value for name, value in asdict(model).items() if value is not None or name not in OF_REPLIES}
    return f"{store.slug(model.id)}-{key.short(fields)}"


def sampling_fields(sampling: Sampling) -> dict[str, Any]:
    """Return sampling as plain data; 1 and 1.0 are the same temperature."""
    fields = asdict(sampling)
    return {**fields, "temperature": float(sampling.temperature), "top_p": float(sampling.top_p)}


def reply_key(model: Model, sampling: Sampling, prompt: str, sample: int) -> str:
    """Return the key of the reply to a rendered prompt."""
    request = {
        "model": model.id,
        "revision": model.revision,
        "stands_for": model.stands_for,
        "sampling": sampling_fields(sampling),
        "prompt": prompt,
        "sample": sample,
    }
    return f"{model_key(model)}:{key.digest(request)[:REPLY_DIGITS]}"


def folder_of(reply: str) -> str:
    """Return the model key that a reply key begins with."""
    return reply.rpartition(":")[0]
