"""Questions from a generator: seeded, of any number, without a download.

One idea: the n-th question depends on the seed and n alone, so a larger size contains the smaller. It must not judge
answers; graders do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ot_grid import extras, rows
from ot_grid.errors import BadInput, nearest
from ot_grid.registry import register


@register("source", name="reasoning_gym")
def generated(
    name: str, domain: str, *, generator: str, size: int, seed: int, options: dict[str, Any], template: str | None
) -> Iterator[rows.Question]:
    """Yield the questions of a reasoning-gym generator, as they are or put into the template's `{question}`."""
    for item in _dataset(generator, size, seed, options):
        text = item["question"].strip()
        yield rows.question(
            template.replace("{question}", text) if template else text,
            source=name,
            domain=domain,
            answer=item["answer"],
            solution=item["metadata"].get("answer_cot"),
        )


def _dataset(generator: str, size: int, seed: int, options: Mapping[str, Any]) -> Any:
    import reasoning_gym
    from reasoning_gym.factory import DATASETS

    if generator not in DATASETS:
        raise BadInput(f"reasoning_gym has no generator {generator!r}; {nearest(generator, DATASETS)}")
    try:
        return reasoning_gym.create_dataset(generator, size=size, seed=seed, **options)
    except (TypeError, ValueError, AssertionError) as error:
        raise BadInput(
            f"reasoning_gym {generator!r} does not take {dict(options)!r}: {error}; see its config"
        ) from error


def check(choice: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings of a generator."""
    problems = []
    template = choice.get("template")
    if template and "{question}" not in template:
        problems.append(f"template={template!r} has no {{question}}: every question would be the same; put it in")
    if int(choice["size"]) < 1:
        return [*problems, f"size={choice['size']!r} makes no questions; use a positive number"]
    if not extras.there("reasoning_gym"):  # preflight says so where something is to run
        return problems
    try:
        _dataset(choice["generator"], choice["size"], choice["seed"], choice.get("options") or {})
    except BadInput as error:
        problems += error.problems
    return problems
