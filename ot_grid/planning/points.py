"""The points of a grid: factors laid out as a product or one at a time, stepped together, with some left out.

One idea: factors that step together are one axis; a design is a way to walk the axes; every point is then drawn again
at each step of what repeats. It must not know what a factor means, nor where it was written.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ot_grid.errors import BadInput, Problems, nearest

PRODUCT, ONE_AT_A_TIME = "product", "one_at_a_time"
DESIGNS = (PRODUCT, ONE_AT_A_TIME)
Point = dict[str, str]  # coordinates: factor -> value


@dataclass(frozen=True)
class Factor:
    """What is varied, and its values in order; one that repeats draws the same recipe again."""

    name: str
    values: tuple[str, ...]
    repeat: bool = False


@dataclass(frozen=True)
class Layout:
    """How factors become points."""

    design: str = PRODUCT
    zipped: Sequence[Sequence[str]] = ()
    exclude: Sequence[Mapping[str, Sequence[str]]] = ()
    versus: Mapping[str, str] | None = None  # coordinates to compare with; a factor not named is at its first value


Axis = list[Point]  # the steps of one factor, or of some that step together


def lay_out(factors: Sequence[Factor], layout: Layout) -> tuple[list[Point], Point | None]:
    """Return the points, and the one to compare with (without what repeats); raise `BadInput` where there are none."""
    repeats = {factor.name for factor in factors if factor.repeat}
    axes = list(_axes(factors, layout.zipped))
    varied = [axis for axis in axes if not repeats & axis[0].keys()]
    drawn = [axis for axis in axes if repeats & axis[0].keys()]
    alone = layout.design == ONE_AT_A_TIME
    start = _start(varied, layout.versus or {}) if layout.versus or alone else None
    recipes = list(_one_at_a_time(varied, start) if alone and start is not None else _product(varied))
    names = [factor.name for factor in factors]
    points = []
    for recipe, again in itertools.product(recipes, list(_product(drawn))):
        point = {**recipe, **again}
        if not any(_fits(point, entry) for entry in layout.exclude):
            points.append({name: point[name] for name in names})
    _check(points, start, layout)
    return points, {name: start[name] for name in names if name in start} if start else start


def _check(points: Sequence[Point], start: Point | None, layout: Layout) -> None:
    if not points:
        raise BadInput("exclude leaves no point of this sweep; leave out fewer")
    if start is not None and not any(start.items() <= point.items() for point in points):
        raise BadInput(
            f"versus={label(start)!r} is no cell of this sweep: exclude leaves it out; compare with another (versus)"
        )


def label(point: Mapping[str, str]) -> str:
    """Return coordinates in words."""
    return " ".join(f"{name}={value}" for name, value in point.items())


def _axes(factors: Sequence[Factor], zipped: Sequence[Sequence[str]]) -> Iterator[Axis]:
    """Yield the axes, each where its first factor stands."""
    by_name = {factor.name: factor for factor in factors}
    together = {name: names for names in zipped for name in names}
    problems = Problems()
    for factor in factors:
        own = [by_name[name] for name in together.get(factor.name, (factor.name,)) if name in by_name]
        if own[0] is not factor:
            continue
        lengths = {one.name: len(one.values) for one in own}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{count} of {name}" for name, count in lengths.items())
            problems.add(f"zip: {told}: what steps together needs equally many values")
        rows = zip(*[one.values for one in own], strict=False)
        steps = [dict(zip(lengths, row, strict=False)) for row in rows]
        for step in steps:
            if len(own) > 1 and steps.count(step) > 1:
                problems.add(f"zip: the step {label(step)} stands twice; name it once")
        yield steps
    problems.raise_if_any()


def _product(axes: Sequence[Axis]) -> Iterator[Point]:
    for steps in itertools.product(*axes):
        yield {name: value for step in steps for name, value in step.items()}


def _one_at_a_time(axes: Sequence[Axis], start: Point) -> Iterator[Point]:
    """Yield the point to start from, then each step of each axis that leads away from it."""
    yield start
    for axis in axes:
        yield from ({**start, **step} for step in axis if not step.items() <= start.items())


def _only(names: Iterable[str], step: Point) -> Point:
    return {name: step[name] for name in names}


def _start(axes: Sequence[Axis], versus: Mapping[str, str]) -> Point:
    """Return the point that `versus` names: of each axis its step there, or the first."""
    start, problems = {}, Problems()
    for axis in axes:
        wanted = {name: versus[name] for name in axis[0] if name in versus}
        fitting = [step for step in axis if wanted.items() <= step.items()]
        if not fitting:
            known = nearest(label(wanted), [label(_only(wanted, step)) for step in axis])
            problems.add(f"versus={label(versus)!r} is no cell of this sweep: there is no {label(wanted)}; {known}")
        start.update((fitting or axis)[0])
    problems.raise_if_any()
    return start


def _fits(point: Mapping[str, str], entry: Mapping[str, Sequence[str]]) -> bool:
    return all(name in point and point[name] in values for name, values in entry.items())
