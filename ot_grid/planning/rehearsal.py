"""What stands in for what in a rehearsal.

One idea: a scale with a stand-in puts that model in the place of every teacher, scorer and student, and caps the
tokens; prompts and sampling stay as they are. Done to the recipe before any key is made, so a rehearsal and the real
thing never share a stage run by mistake. It must not know which stage uses a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from ot_grid.config import OF_REPLIES, Model

FIELDS = {field.name for field in fields(Model)}


def is_model(value: Any) -> bool:
    """Whether plain data is a `config.Model`."""
    return isinstance(value, Mapping) and {"id", "revision"} <= value.keys() <= FIELDS


def stand_in(value: Any, scale: Mapping[str, Any]) -> Any:
    """Return settings with every model replaced by the scale's stand-in and every token limit under its ceiling."""
    if isinstance(value, list):
        return [stand_in(item, scale) for item in value]
    if not isinstance(value, Mapping):
        return value
    if is_model(value):
        return _replaced(value, scale["stand_in"])
    changed = {name: stand_in(item, scale) for name, item in value.items()}
    ceiling = scale["max_tokens"]
    if ceiling is not None and "temperature" in changed and isinstance(changed.get("max_tokens"), int):
        changed["max_tokens"] = min(changed["max_tokens"], ceiling)
    return changed


def _replaced(model: Mapping[str, Any], other: Mapping[str, Any] | None) -> dict[str, Any]:
    if other is None or other["id"] == model["id"]:
        return _set({"wheel": None, "stands_for": None, **model})
    return _set({**other, "stands_for": model["id"]})


def _set(model: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in model.items() if value is not None or name not in OF_REPLIES}


def models(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every model in settings."""
    if is_model(value):
        yield value
    elif isinstance(value, (Mapping, list)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from models(item)


def banner(settings: Mapping[str, Any]) -> list[str]:
    """Return one line for each model that stands in for another: what every output of a rehearsal must say."""
    lines = []
    for group, value in settings.items():
        for model in models(value) if group != "scale" else ():
            if model.get("stands_for"):
                lines.append(f"{model['id']} stands in for {model['stands_for']} ({group})")
    return sorted(set(lines))
