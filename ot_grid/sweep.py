"""What to vary: from a command line or a file in `sweeps/` to the points of a grid.

One idea: a sweep is nothing but overrides, some with several values; its points are their product, in Hydra's order.
It must not know about stages.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ot_grid import binding, key
from ot_grid.config import RUNTIME_FIELDS
from ot_grid.errors import BadInput, nearest
from ot_grid.plan import Builder, Plan
from ot_grid.recipe import Composer, Override, composing, parse, recipe_of, runtime_of, shipped, single, touched, values
from ot_grid.registry import load_plugins
from ot_grid.store import slug

FILE = "sweep="  # `sweep=NAME` or `+sweep=NAME` reads sweeps/NAME.yaml
FILE_KEYS = ("base", "vary", "versus")


@dataclass(frozen=True)
class Request:
    """What was asked for: overrides, whether several values make a grid, and the user's own folder of choices."""

    overrides: Sequence[str]
    multirun: bool = True
    config_dir: str | None = None
    name: str | None = None


def plan(request: Request) -> Plan:
    """Return the plan of a request; raise `BadInput` with all problems. Writes nothing, imports no GPU library."""
    lines, versus = expand(request.overrides, request.config_dir)
    with composing(request.config_dir) as composer:
        overrides = parse(lines, composer, multirun=request.multirun)
        load_plugins(_plugins(overrides))
        points = _points(overrides, composer)
        for override in overrides:
            if override.is_sweep_override() and touched(override) in RUNTIME_FIELDS:
                composer.problems.add(f"{override.input_line!r}: where it runs cannot be swept; give one value")
        if not points:
            raise BadInput("the sweep is empty: one of its ranges or globs names no value")
        composed = [composer.point(point) for _, point in points]
        _check(composer, [settings for settings, _ in composed])
    builder = Builder()
    made = [
        builder.cell(coordinates, recipe_of(settings, choices))
        for (coordinates, _), (settings, choices) in zip(points, composed, strict=True)
    ]
    cells = tuple({cell.id: cell for cell in made}.values())  # two ways to write one value are one cell
    factors = {name: tuple(dict.fromkeys(c[name] for c, _ in points)) for name in points[0][0]}
    name = request.name or _name([cell.id for cell in cells], factors)
    _check_names(name, versus, [cell.label for cell in cells])
    place = with_gpus(runtime_of(composed[0][0]), composer.gpus)
    return Plan(name, tuple(lines), factors, cells, builder.runs, place, versus)


def with_gpus(runtime: Mapping[str, Any], declared: Mapping[str, int]) -> dict[str, Any]:
    """Return a runtime that knows what models take: what their YAML says, under what the cluster's says."""
    cluster = runtime["cluster"]
    return {**runtime, "cluster": {**cluster, "gpus": {**declared, **cluster["gpus"]}}}


def _check_names(name: str, versus: str | None, labels: Sequence[str]) -> None:
    if name != slug(name):
        raise BadInput(
            f"--name {name!r} cannot be a folder's name; use letters, digits, '.', '_' and '-': {slug(name)}"
        )
    if versus and not any(set(versus.split()) == set(label.split()) for label in labels):
        raise BadInput(f"versus={versus!r} is no cell of this sweep; {nearest(versus, labels)}")


def runtime(overrides: Sequence[str], *, plugins: Sequence[str]) -> dict[str, Any]:
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
    return {**runtime_of(settings), "plugins": list(plugins)}


def _check(composer: Composer, settings: Sequence[Mapping[str, Any]]) -> None:
    """Check every distinct group of settings against the functions it names, and each cell as a whole."""
    checked: set[Any] = set()
    for one in settings:
        for problem in binding.problems(one, checked):
            composer.problems.add(problem)
    composer.problems.raise_if_any()


def _plugins(overrides: Sequence[Override]) -> list[str]:
    found = [override.value() for override in overrides if override.key_or_group == "plugins"]
    return [str(name) for value in found for name in (value if isinstance(value, list) else [value])]


def _points(overrides: Sequence[Override], composer: Composer) -> list[tuple[dict[str, str], list[Override]]]:
    """Return the product of all overrides as (coordinates, overrides of one value each); the last of a key wins."""
    last = {override.get_key_element(): override for override in overrides}
    choices = [
        [
            (name, value, single(f"{name}={value}", composer) if override.is_sweep_override() else override)
            for value in values(override)
        ]
        for name, override in last.items()
    ]
    swept = {name for name, override in last.items() if override.is_sweep_override()}
    return [
        (
            {name.lstrip("+"): value.strip("'\"") for name, value, _ in point if name in swept},
            [one for *_, one in point],
        )
        for point in itertools.product(*choices)
    ]


def _name(cells: Sequence[str], factors: Mapping[str, Sequence[str]]) -> str:
    """Return a name that a reader recognises and another sweep does not have: factors, and a hash of all cells."""
    return f"{slug('-'.join(factors)) if factors else 'single'}-{key.short(list(cells))[:6]}"


def expand(overrides: Sequence[str], config_dir: str | None) -> tuple[list[str], str | None]:
    """Replace `sweep=NAME` by the overrides of its file, before the others; also return its `versus`."""
    lines: list[str] = []
    versus = None
    for name in [o.lstrip("+").removeprefix(FILE) for o in overrides if o.lstrip("+").startswith(FILE)]:
        content = read_file(find_file(name, config_dir))
        vary = {group: ",".join(map(str, choices)) for group, choices in (content.get("vary") or {}).items()}
        lines += [*(content.get("base") or []), *(f"{group}={choices}" for group, choices in vary.items())]
        versus = content.get("versus") or versus
    return [*lines, *(o for o in overrides if not o.lstrip("+").startswith(FILE))], versus


def find_file(name: str, config_dir: str | None) -> Path:
    """Return a sweep file by name: the user's, in `sweeps/` of the config dir or of the current folder, before ours."""
    folders = [Path(config_dir) / "sweeps"] if config_dir else []
    folders += [Path.cwd() / "sweeps", shipped("sweeps")]
    for folder in folders:
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    known = {path.stem for folder in folders for path in folder.glob("*.yaml")}
    raise BadInput(f"no sweep {name!r} in {', '.join(map(str, folders))}; {nearest(name, known)}")


def read_file(path: Path) -> dict[str, Any]:
    """Read a sweep file: base (overrides), vary (key -> values), versus (a cell's coordinates)."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    unknown = set(content) - set(FILE_KEYS) if isinstance(content, dict) else {str(content)}
    if unknown:
        raise BadInput(f"{path} has {sorted(unknown)!r}; a sweep holds {', '.join(FILE_KEYS)}")
    vary, base, versus = content.get("vary") or {}, content.get("base") or [], content.get("versus") or ""
    if not isinstance(vary, dict) or not all(isinstance(choices, list) for choices in vary.values()):
        raise BadInput(f"{path}: vary={vary!r} must give a list of choices to each group, e.g. filter: [length, none]")
    if not isinstance(base, list) or not isinstance(versus, str):
        raise BadInput(f"{path}: base must be a list of overrides, versus the coordinates of a cell as one text")
    return dict(content)
