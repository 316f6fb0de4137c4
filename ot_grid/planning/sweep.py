"""From a sweep to its plan: every point composed, checked and turned into a cell.

One idea: a sweep is overrides and a way to lay them out (`asked`, `points`); each point of it is a recipe, and a recipe
is a cell. It must not know about stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ot_grid import key
from ot_grid.config import RUNTIME_FIELDS, Runtime
from ot_grid.errors import BadInput, nearest
from ot_grid.planning import asked, baselines, points, signatures, winners
from ot_grid.planning.asked import Grid, Request, expand
from ot_grid.planning.pipeline import trains
from ot_grid.planning.plan import Builder, Cell, Plan, Winner
from ot_grid.planning.points import Point
from ot_grid.planning.recipe import Composer, Override, composing, parse, recipe_of, runtime_of, touched
from ot_grid.planning.sweep_file import SweepFile
from ot_grid.registry import load_plugins
from ot_grid.store import Store, slug

ABOUT = 50  # letters of a name that say what is asked
__all__ = ["Request", "expand", "plan", "runtime", "with_takes"]


def plan(request: Request) -> Plan:
    """Return the plan of a request; raise `BadInput` with all problems. Writes nothing, imports no GPU library."""
    lines, file = expand(request.overrides, request.config_dir)
    with composing(request.config_dir) as composer:
        file, winner = _over_winner(file, lines, composer)
        grid = _asked(request, lines, (file, composer))
        places, versus = _laid_out(request, grid, (file, composer))
        composed = [composer.point(grid.overrides(place)) for place in places]
        _check(composer, [settings for settings, _ in composed])
    builder = Builder()
    recipes = [recipe_of(settings, choices) for settings, choices in composed]
    alone = not any(map(trains, recipes))
    made = [
        builder.cell(baselines.coordinates(recipe, place, alone=alone), recipe, _recipe_lines(grid.overrides(place)))
        for place, recipe in zip(places, recipes, strict=True)
    ]
    held_against = (file.baselines if file else ()) if request.baselines is None else request.baselines
    made += [builder.cell(place, recipe) for place, recipe in baselines.beside(recipes, held_against)]
    cells = tuple({cell.id: cell for cell in made}.values())  # two ways to write one value are one cell
    _check_ranking(file.rank_by if file else (), cells)
    return Plan(
        name=_name(request, file, cells, grid.varied),
        command=_command(request),
        factors={name: _choices(name, made) for name in grid.varied},
        cells=cells,
        runs=builder.runs,
        runtime=replace(with_takes(runtime_of(composed[0][0]), composer.takes), files=composer.files),
        versus=versus,
        repeat=tuple(name for name, one in grid.varied.items() if one.repeat),
        rank_by=file.rank_by if file else (),
        question=file.question if file else "",
        design=file.design if file else points.PRODUCT,
        winner=winner,
    )


def _choices(factor: str, cells: Iterable[Cell]) -> tuple[str, ...]:
    """Return the choices of a factor, in the order in which cells have them."""
    return tuple(dict.fromkeys(cell.coordinates[factor] for cell in cells if factor in cell.coordinates))


def _over_winner(
    file: SweepFile | None, lines: Sequence[str], composer: Composer
) -> tuple[SweepFile | None, Winner | None]:
    """Return a file with its base written out, where that begins with a cell of another sweep, and that cell."""
    if not file or not file.base.winner:
        return file, None
    if file.base.winner == file.path.stem:
        raise BadInput(f"{file.path}: base goes on from the winner of this very sweep; name another")
    every = parse([*file.base.lines, *lines], composer, multirun=True)
    own = [override for override in every if touched(override) == "store"]
    settings, _ = composer.point(own)
    composer.problems.raise_if_any()
    winner, before = winners.find(Store(settings["store"]), file.base)
    return replace(file, base=replace(file.base, lines=(*before, *file.base.lines))), winner


def _recipe_lines(overrides: Sequence[Override]) -> tuple[str, ...]:
    """Return the overrides that can change a result, as they are typed."""
    return tuple(str(override.input_line) for override in overrides if touched(override) not in RUNTIME_FIELDS)


def _asked(request: Request, lines: Sequence[str], over: tuple[SweepFile | None, Composer]) -> Grid:
    """Return what was asked for; raise `BadInput` when any of it cannot be."""
    file, composer = over
    own = parse(lines, composer, multirun=request.multirun)
    grid = asked.collect(own, file, composer)
    if file and grid.varied and not request.multirun:
        composer.problems.add(f"+sweep={file.path.stem} names several values: add -m to run them all as a grid")
    load_plugins(_plugins(grid.fixed))
    composer.share(grid.fixed)
    if request.repeat is not None:
        asked.repeated(request.repeat, grid, composer)
    return grid


def _laid_out(
    request: Request, wanted: Grid, over: tuple[SweepFile | None, Composer]
) -> tuple[list[Point], str | None]:
    """Return the points, and in words the one to compare with."""
    file, composer = over
    named = request.versus or (file.versus if file else "")
    try:
        versus = asked.compared(named, wanted, composer) if named else None
        places, start = points.lay_out(wanted.factors, replace(wanted.layout, versus=versus))
    except BadInput:
        composer.problems.raise_if_any()  # what lacks a value because of another problem is no problem of its own
        raise
    return places, points.label(start) if start else None


def with_takes(runtime: Runtime, takes: Mapping[str, Mapping[str, Any]]) -> Runtime:
    """Return a runtime that knows what models take: what their YAML says, under what the cluster's says."""
    cluster = runtime.cluster
    gpus = {name: int(said["gpus"]) for name, said in takes.items() if "gpus" in said}
    sizes = {name: dict(said["size"]) for name, said in takes.items() if "size" in said}
    engines = {name: dict(said["engine"]) for name, said in takes.items() if "engine" in said}
    known = replace(cluster, gpus={**gpus, **cluster.gpus}, sizes={**sizes, **cluster.sizes})
    return replace(runtime, cluster=replace(known, engine_args={**engines, **cluster.engine_args}))


def runtime(overrides: Sequence[str], *, plugins: Sequence[str]) -> Runtime:
    """Return the runtime that overrides give, for a recipe that is already frozen; raise `BadInput` for others."""
    with composing() as composer:
        parsed = parse(overrides, composer, multirun=False)
        for override in parsed:
            if touched(override) not in RUNTIME_FIELDS:
                composer.problems.add(
                    f"{override.input_line!r} would change a frozen recipe; "
                    f"only {', '.join(RUNTIME_FIELDS)} may be given"
                )
        composer.problems.raise_if_any()
        settings, _ = composer.point(parsed)
        composer.problems.raise_if_any()
    return replace(runtime_of(settings), plugins=list(plugins))


def _check(composer: Composer, settings: Sequence[Mapping[str, Any]]) -> None:
    """Check every distinct group of settings against the functions it names, and each cell as a whole."""
    checked: set[Any] = set()
    for one in settings:
        for problem in signatures.problems(one, checked):
            composer.problems.add(problem)
    composer.problems.raise_if_any()


def _plugins(overrides: Sequence[Override]) -> list[str]:
    found = [override.value() for override in overrides if override.key_or_group == "plugins"]
    return [str(name) for value in found for name in (value if isinstance(value, list) else [value])]


def _name(request: Request, file: SweepFile | None, cells: Sequence[Cell], varied: Iterable[str]) -> str:
    """Return a name that a reader recognises and another sweep does not have: what it is about, a hash of its cells."""
    if request.name and request.name != slug(request.name):
        raise BadInput(
            f"--name {request.name!r} cannot be a folder's name; use letters, digits, '.', '_' and '-': "
            f"{slug(request.name)}"
        )
    about = file.path.stem if file else "-".join(varied) or "single"
    # short enough to be given as --name
    return request.name or f"{slug(slug(about)[:ABOUT])}-{key.short([cell.id for cell in cells])[:6]}"


def _command(request: Request) -> tuple[str, ...]:
    """Return what was asked for, as it is typed."""
    repeat = () if request.repeat is None else ("--repeat", ",".join(request.repeat))
    beside = () if request.baselines is None else ("--baseline", ",".join(request.baselines))
    return (*request.overrides, *repeat, *(("--versus", request.versus) if request.versus else ()), *beside)


def _check_ranking(benchmarks: Sequence[str], cells: Sequence[Cell]) -> None:
    """Raise when a benchmark that is to rank is not one of every cell."""
    there = [set(cell.recipe["eval"]) for cell in cells]
    every = set.intersection(*there)
    lost = [name for name in benchmarks if name not in every]
    if lost:
        raise BadInput(
            *(f"rank_by names {name!r}, which not every cell evaluates; {nearest(name, every)}" for name in lost)
        )
