"""What was asked for, by a sweep file and a command line over it: fixed overrides and factors.

One idea: an override on the command line takes the place of the file's for the same group or setting, whatever either
of them was. Hydra's grammar does the parsing. It must not compose cells or know about stages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ot_grid.config import RUNTIME_FIELDS
from ot_grid.errors import BadInput, nearest
from ot_grid.planning import sweep_file
from ot_grid.planning.points import Factor, Layout
from ot_grid.planning.recipe import TOP_FIELDS, Composer, Override, parse, single, touched, values
from ot_grid.planning.sweep_file import ALL, SweepFile
from ot_grid.planning.sweep_keys import Values, pairs

FILE = "sweep="  # `sweep=NAME` or `+sweep=NAME` reads sweeps/NAME.yaml
SEED = ".seed"  # how the name of a setting ends that draws the same recipe again
NOTHING = "none"  # `--repeat none`


@dataclass(frozen=True)
class Request:
    """What was asked for: overrides, whether several values make a grid, and the user's own folder of choices."""

    overrides: Sequence[str]
    multirun: bool = True
    config_dir: str | None = None
    name: str | None = None
    repeat: Sequence[str] | None = None  # the swept settings that repeat; None: the file's, and seeds
    versus: str | None = None  # instead of the file's
    baselines: Sequence[str] | None = None  # the same; see `baselines`


@dataclass(frozen=True)
class Varied:
    """A factor with the override of each value."""

    name: str
    steps: Sequence[tuple[str, Override]]  # value as coordinates show it; one that steps with others may come again
    repeat: bool = False

    @property
    def overrides(self) -> dict[str, Override]:
        """The override of each value."""
        return dict(self.steps)

    @property
    def factor(self) -> Factor:
        """The factor as points know it."""
        return Factor(self.name, tuple(value for value, _ in self.steps), self.repeat)


@dataclass
class Grid:
    """Overrides by the group or setting that they are for: one that is fixed, or a factor."""

    slots: dict[str, Override | Varied] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)

    @property
    def varied(self) -> dict[str, Varied]:
        """The factors, in order."""
        return {name: slot for name, slot in self.slots.items() if isinstance(slot, Varied)}

    @property
    def factors(self) -> list[Factor]:
        """The factors as points know them."""
        # One without any value has a problem that is noted.
        return [one.factor for one in self.varied.values() if one.steps]

    @property
    def fixed(self) -> list[Override]:
        """The overrides that hold for every cell."""
        return [slot for slot in self.slots.values() if not isinstance(slot, Varied)]

    def overrides(self, point: Mapping[str, str]) -> list[Override]:
        """Return the overrides of one point, one value each."""
        chosen = {name: one.overrides[point[name]] for name, one in self.varied.items() if name in point}
        both = [chosen.get(name, slot) for name, slot in self.slots.items()]
        return [one for one in both if not isinstance(one, Varied)]


def expand(overrides: Sequence[str], config_dir: str | None) -> tuple[list[str], SweepFile | None]:
    """Return overrides without `sweep=NAME`, and the file that it names."""
    named = [line.lstrip("+").removeprefix(FILE) for line in overrides if _names_file(line)]
    if len(named) > 1:
        raise BadInput(
            f"{len(named)} sweep files at once: {', '.join(named)}; give one, and what is to be other as overrides"
        )
    rest = [line for line in overrides if not _names_file(line)]
    return rest, sweep_file.read(sweep_file.find(named[0], config_dir)) if named else None


def _names_file(line: str) -> bool:
    return line.lstrip("+").startswith(FILE)


def collect(own: Sequence[Override], file: SweepFile | None, composer: Composer) -> Grid:
    """Return what the overrides of a command line ask for, over a file; problems are noted in the composer."""
    asked = Grid()
    for override in _base(file, composer) if file else ():
        asked.slots[_name(override)] = override
    scale = [o for o in (*asked.fixed, *own) if touched(o) == "scale" and not o.is_sweep_override()]
    for varied in _of_file(file, composer, scale) if file else ():
        asked.slots[varied.name] = varied
    written = asked.varied
    for override in own:
        name = _name(override)
        swept = override.is_sweep_override()
        asked.slots[name] = _of_line(override, written.get(name), composer) if swept else override
    for one in asked.varied.values():
        if any(touched(override) in RUNTIME_FIELDS for override in one.overrides.values()):
            composer.problems.add(f"{one.name!r} is varied: where it runs cannot be swept; give one value")
    if file:
        asked.layout = _layout(file, asked, written, composer)
    return asked


def _name(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+")


def _base(file: SweepFile, composer: Composer) -> Iterator[Override]:
    for override in parse(file.base.lines, composer, multirun=True):
        if override.is_sweep_override():
            composer.problems.add(f"{file.path}: base has {override.input_line!r}, which is varied; put it into vary")
        else:
            yield override


def _of_line(override: Override, before: Varied | None, composer: Composer) -> Varied:
    """Return a factor of the command line; it repeats when the file's did, or when it is a seed."""
    name = _name(override)
    return Varied(name, _each(override, composer), before.repeat if before else name.endswith(SEED))


def _each(override: Override, composer: Composer) -> list[tuple[str, Override]]:
    """Return each value of a sweep as coordinates show it, with an override of that value alone."""
    try:
        swept = values(override)
    except BadInput as error:
        composer.problems.add(error)
        return []
    if not swept:
        composer.problems.add(f"the sweep is empty: {override.input_line!r} names no value")
    key = override.get_key_element()
    return [(shown(value), single(f"{key}={value}", composer)) for value in swept]


def shown(value: str) -> str:
    """Return a value as coordinates show it."""
    return value.strip("'\"")


def _of_file(file: SweepFile, composer: Composer, scale: Sequence[Override]) -> Iterator[Varied]:
    """Yield the factors of a file, those that repeat last."""
    for key, choices in file.vary.items():
        steps = _all(key, composer, scale) if choices == ALL else _given(key, choices, file, composer)
        yield Varied(key.lstrip("+"), steps)
    for key, choices in file.repeat.items():
        if composer.choices(key):
            composer.problems.add(
                f"{file.path}: repeat names the group {key!r}: its choices are other recipes, which vary compares; "
                "a setting like train.seed repeats"
            )
        yield Varied(key.lstrip("+"), _given(key, choices, file, composer), repeat=True)


def _all(group: str, composer: Composer, scale: Sequence[Override]) -> list[tuple[str, Override]]:
    """Return all choices of a group that leave nothing open."""
    found = composer.complete(group, scale)
    if not found:
        composer.problems.add(f"{group}: all: no group {group!r}; {nearest(group, TOP_FIELDS)}; a setting has no 'all'")
    return [(choice, single(f"{group}={choice}", composer)) for choice in found]


def _given(key: str, choices: Values, file: SweepFile, composer: Composer) -> list[tuple[str, Override]]:
    """Return the overrides of values that a file lists, or that a sweep in it names."""
    steps = []
    for override in parse(lines_of(key, choices), composer, multirun=True):
        swept, line = override.is_sweep_override(), override.input_line
        if swept and not isinstance(choices, str):
            composer.problems.add(f"{file.path}: {line!r} in a list is more than one value; write it without the list")
        elif not swept and isinstance(choices, str):
            composer.problems.add(f"{file.path}: {line!r} is one value; put it into base, or make it a list")
        steps += _each(override, composer)
    alone = not any(key.lstrip("+") in names for names in file.zip)
    for value, count in Counter(value for value, _ in steps).items():
        if count > 1 and alone:
            composer.problems.add(f"{file.path}: {key} names {value!r} twice; name it once")
    return steps


def lines_of(key: str, given: Values) -> list[str]:
    """Return what a file gives to a factor as overrides."""
    return [f"{key}={value}" for value in ((given,) if isinstance(given, str) else given)]


def _layout(file: SweepFile, asked: Grid, written: Mapping[str, Varied], composer: Composer) -> Layout:
    """Return how the factors become points; a value that neither file nor command line has is a problem."""
    exclude = []
    for entry in file.exclude:
        left = {}
        for name, texts in entry.items():
            left[name] = [_value(name, text, composer) for text in texts]
            known = {**written[name].overrides, **(asked.varied.get(name, written[name]).overrides)}
            for text in left[name]:
                if text not in known and known:
                    composer.problems.add(f"{file.path}: exclude names {name}={text}; {nearest(text, known)}")
        fixed = {name: shown(values(one)[0]) for name in left if not isinstance(one := asked.slots[name], Varied)}
        if all(value in left[name] for name, value in fixed.items()):
            exclude.append({name: texts for name, texts in left.items() if name not in fixed})
    return Layout(file.design, file.zip, exclude)


def _value(name: str, text: str, composer: Composer) -> str:
    """Return a value as coordinates show it, however it is written: 1e-4 and 0.0001 are one."""
    found = parse([f"{name}={text}"], composer, multirun=True)
    return shown(values(found[0])[0]) if found and not found[0].is_sweep_override() else text


def compared(versus: str, asked: Grid, composer: Composer) -> dict[str, str]:
    """Return the coordinates to compare with; what the command line fixed is none of them."""
    try:
        named = pairs(versus)
    except BadInput as error:
        raise BadInput(*(f"--versus{problem}" for problem in error.problems)) from error
    reference = {name: _value(name, text, composer) for name, text in named.items()}
    for name, value in reference.items():
        slot = asked.slots.get(name)
        if isinstance(slot, Varied) and slot.repeat:
            composer.problems.add(f"versus names {name!r}, which repeats; name the recipe alone")
        elif slot is None:
            known = [one.name for one in asked.varied.values() if not one.repeat]
            composer.problems.add(f"versus names {name!r}, which is not varied; {nearest(name, known)}")
        elif not isinstance(slot, Varied) and shown(values(slot)[0]) != value:
            composer.problems.add(
                f"versus={versus!r} is no cell of this sweep: {slot.input_line} is given; use --versus"
            )
    return {name: value for name, value in reference.items() if name in asked.varied}


def repeated(names: Sequence[str], asked: Grid, composer: Composer) -> None:
    """Let exactly those factors repeat."""
    repeats = {part for name in names for part in name.split(",") if part != NOTHING}
    for name in sorted(repeats):
        if name not in asked.varied:
            seeds = [one for one in asked.varied if not composer.choices(one)]
            way = nearest(name, seeds) if seeds else f"give it several values, e.g. {name}=1,2,3"
            composer.problems.add(f"--repeat {name!r} is not varied; {way}")
        elif composer.choices(name):
            composer.problems.add(f"--repeat {name!r} is a group: its choices are other recipes; repeat a seed")
    for name, one in asked.varied.items():
        asked.slots[name] = replace(one, repeat=one.name in repeats)
