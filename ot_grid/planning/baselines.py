"""Models beside the cells of a sweep: evaluated as students are, and not trained.

One idea: a recipe that trains nothing is the evaluation of one model, so its cell is called after that model, and it is
the same cell whatever else the recipe chooses. What students are held against (the student before training, the
teacher) is such a cell. It must not run or rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ot_grid import key
from ot_grid.config import Recipe
from ot_grid.errors import BadInput, nearest
from ot_grid.planning.pipeline import trains

BASELINE = "baseline"  # the one coordinate of such a cell
Settings = Mapping[str, Any]
WHO: dict[str, Callable[[Recipe], Settings | None]] = {
    "student": lambda recipe: recipe["train"].get("student"),
    "teacher": lambda recipe: recipe["teacher"].get("model"),
}


def name_of(model: Settings) -> str:
    """Return what to call a model: in a rehearsal, the one in whose place another works."""
    return str(model.get("stands_for") or model["id"])


def coordinates(recipe: Recipe, place: Mapping[str, str], *, alone: bool) -> dict[str, str]:
    """Return the coordinates of a cell: those of its place, or, beside cells that train, those of its model."""
    return dict(place) if alone or trains(recipe) else {BASELINE: name_of(recipe["train.student"])}


def beside(recipes: Sequence[Recipe], asked: Sequence[str]) -> Iterator[tuple[dict[str, str], Recipe]]:
    """Yield the coordinates and the recipe of each model that is asked for by what it does in some recipe, once."""
    wrong = [name for name in asked if name not in WHO]
    if wrong:
        raise BadInput(*(f"baseline {name!r} is none; {nearest(name, WHO)}" for name in wrong))
    seen: set[tuple[str, int]] = set()
    for name in asked:
        there = False
        for recipe in recipes:
            model = WHO[name](recipe)
            there = there or model is not None
            if model is None or not trains(recipe) or (key.short(dict(model)), id(recipe["eval"])) in seen:
                continue
            seen.add((key.short(dict(model)), id(recipe["eval"])))
            alone = {**recipe.settings, "train": {"function": None, "student": model}}
            yield {BASELINE: name_of(model)}, Recipe(alone, {**recipe.choices, "train": "none"})
        if not there:
            raise BadInput(f"baseline {name!r}: no recipe here names a model for it; leave it out")
