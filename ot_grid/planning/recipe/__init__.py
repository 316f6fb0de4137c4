"""From override strings to recipes: the only door to Hydra.

One idea: Hydra's grammar does the parsing and Hydra the composing; what is here keeps both fast and says what is wrong
in one line. It must not know about stages or keys.
"""

from __future__ import annotations

from hydra.core.override_parser.types import Override

from ot_grid.config import shipped
from ot_grid.planning.recipe.composer import Composer, recipe_of, runtime_of
from ot_grid.planning.recipe.grammar import TOP_FIELDS, parse, single, touched, values
from ot_grid.planning.recipe.search import choice, composing, register_schema

__all__ = [
    "TOP_FIELDS",
    "Composer",
    "Override",
    "choice",
    "composing",
    "parse",
    "recipe_of",
    "register_schema",
    "runtime_of",
    "shipped",
    "single",
    "touched",
    "values",
]
