"""From override strings to recipes: the only door to Hydra.

One idea: a group's settings depend on the overrides that touch it (and on the scale, the one group that may choose for
others), so each distinct set of those is composed once, not once a cell. Hydra's grammar does the parsing. It must not
know about stages or keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from ot_grid import rehearsal
from ot_grid.config import RECIPE_GROUPS, RUNTIME_FIELDS, Config, Recipe, shipped
from ot_grid.errors import BadInput, Problems, nearest

__all__ = [
    "Composer",
    "Override",
    "choice",
    "composing",
    "parse",
    "recipe_of",
    "runtime_of",
    "shipped",
    "single",
    "touched",
    "values",
]

TOP_FIELDS = tuple(f.name for f in fields(Config))


@dataclass
class Composer:
    """Composes groups on demand and remembers them."""

    loader: ConfigLoader
    problems: Problems = field(default_factory=Problems)
    gpus: dict[str, int] = field(default_factory=dict)  # model id -> GPUs it takes, as the models' YAML says
    _known: dict[tuple[str, ...], tuple[dict[str, Any], dict[str, str]] | None] = field(default_factory=dict)
    _groups: dict[tuple[str, tuple[str, ...]], Any] = field(default_factory=dict)

    def point(self, overrides: Sequence[Override]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return settings by top-level field, and choices by group, for one combination of overrides."""
        scale = [o for o in overrides if touched(o) == "scale"]
        if self._composed(tuple(o.input_line or "" for o in scale)) is None:
            scale = []  # its problem is noted; go on, to find those of the others
        settings, choices = {}, {}
        for name in TOP_FIELDS:
            own = scale if name == "scale" else [*scale, *(o for o in overrides if touched(o) == name)]
            lines = tuple(o.input_line or "" for o in own)
            found = self._composed(lines)
            if found is None:
                continue
            settings[name] = self._finished(name, lines, found[0])
            choices[name] = found[1].get(name, "")
        return settings, choices

    def _finished(self, name: str, lines: tuple[str, ...], config: dict[str, Any]) -> Any:
        """Return one field of a composition, with the stand-ins of a rehearsal; the same object for the same lines."""
        if (name, lines) not in self._groups:
            for path in config["open"]:
                if path.split(".")[0] == name:
                    self.problems.add(f"{path} is left open ('???'); give it with {path}=VALUE")
            scale = config["scale"]
            value = config[name]
            if name not in ("scale", *RUNTIME_FIELDS):
                value = rehearsal.stand_in(without_gpus(value, self.gpus), scale)
            self._groups[name, lines] = value
        return self._groups[name, lines]

    def _composed(self, lines: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, str]] | None:
        if lines not in self._known:
            self._known[lines] = self._compose(list(lines))
        return self._known[lines]

    def _compose(self, lines: list[str]) -> tuple[dict[str, Any], dict[str, str]] | None:
        try:
            config = compose("config", overrides=lines, return_hydra_config=True)
            chosen = {str(group): str(choice) for group, choice in config.hydra.runtime.choices.items()}
            bare = OmegaConf.masked_copy(config, list(TOP_FIELDS))
            for problem in reaching(bare):
                self.problems.add(problem)
            left_open = sorted(OmegaConf.missing_keys(bare))
            plain = OmegaConf.to_container(bare, resolve=True, enum_to_str=True)
        except (HydraException, OmegaConfBaseException) as error:
            known = (self._composed(()) or ({}, {}))[0] if lines else {}
            self.problems.add(_explain(error, known))
            return None
        assert isinstance(plain, dict)
        return {**{str(name): value for name, value in plain.items()}, "open": left_open}, chosen


INTERPOLATION = re.compile(r"\$\{([^:${}]+)\}")


def reaching(config: DictConfig) -> Iterator[str]:
    """Yield the interpolations into another group: as groups are composed apart, they would see its default."""
    whole = OmegaConf.to_container(config, resolve=False)
    assert isinstance(whole, dict)
    for name, value in ((str(name), value) for name, value in whole.items()):
        for target in INTERPOLATION.findall(str(value)):
            if not target.startswith(".") and target.split(".")[0] not in (name, "scale"):
                yield f"{name} refers to ${{{target}}}: a group may refer to itself and to scale only; write the value"


def without_gpus(value: Any, found: dict[str, int]) -> Any:
    """Return settings without what models take to run, which is noted in `found`: it cannot change a result."""
    if isinstance(value, list):
        return [without_gpus(item, found) for item in value]
    if not isinstance(value, Mapping):
        return value
    if {"id", "revision", "gpus"} <= value.keys():
        found[str(value["id"])] = int(value["gpus"])
        value = {name: item for name, item in value.items() if name != "gpus"}
    return {name: without_gpus(item, found) for name, item in value.items()}


def _explain(error: Exception, known: Mapping[str, Any]) -> str:
    """Return Hydra's or OmegaConf's message as one line, with the key it is about; `known` is what may be set."""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    full_key = str(getattr(cause, "full_key", None) or "")
    if isinstance(cause, (ConfigAttributeError, ConfigKeyError)):
        parent, _, name = full_key.rpartition(".")
        there: Any = known
        for part in parent.split("."):
            there = there.get(part) if isinstance(there, Mapping) else None
        return f"{parent} has no setting {name!r}; {nearest(name, there if isinstance(there, Mapping) else ())}"
    text = " ".join(str(cause).split("full_key")[0].split())
    return f"{full_key}: {text}" if full_key not in text else text


def touched(override: Override) -> str:
    """Return the top-level field that an override changes: the package of a group, or the head of a dotted key."""
    return str(override.package or override.key_or_group).split(".")[0]


def register_schema() -> None:
    """Make the schema known to Hydra under the name that `config.yaml` lists first."""
    ConfigStore.instance().store(name="schema", node=Config)


class UserChoices(SearchPathPlugin):
    """Adds the folder of `--config-dir` to where Hydra looks, after ours."""

    folder: str | None = None

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Called by Hydra when a search path is made."""
        if self.folder:
            search_path.append("user", f"file://{Path(self.folder).absolute()}")


@contextmanager
def composing(config_dir: str | None = None) -> Iterator[Composer]:
    """Open Hydra on our `conf/` and the user's own folder; it is closed again after."""
    if config_dir and not Path(config_dir).is_dir():
        raise BadInput(f"--config-dir {config_dir!r} is not a folder; give one that holds groups like conf/filter/")
    register_schema()
    Plugins.instance().register(UserChoices)
    UserChoices.folder = config_dir
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(shipped("conf")), version_base="1.3"):
        yield Composer(GlobalHydra.instance().config_loader())


def parse(lines: Sequence[str], composer: Composer, *, multirun: bool) -> list[Override]:
    """Parse override strings; note unknown groups, choices and keys, and sweeps where none are wanted."""
    parsed = []
    for line in lines:
        try:
            override = single(line, composer)
        except HydraException as error:
            composer.problems.add(
                f"{line!r} is not an override ({' '.join(str(error).split())}); write GROUP=CHOICE or KEY=VALUE"
            )
            continue
        wrong = list(_wrong(override, composer.loader))
        if override.is_sweep_override() and not multirun:
            wrong.append(f"{line!r} names several values: add -m to run them all as a grid")
        for problem in wrong:
            composer.problems.add(problem)
        if not wrong:
            parsed.append(override)
    return parsed


def single(line: str, composer: Composer) -> Override:
    """Return one override string, parsed by Hydra."""
    return OverridesParser.create(config_loader=composer.loader).parse_overrides([line])[0]


def _wrong(override: Override, loader: ConfigLoader) -> Iterator[str]:
    """Yield what is wrong with an override before anything is composed: unknown groups, choices and keys."""
    name = str(override.key_or_group)
    choices = loader.get_group_options(name)
    if not choices and touched(override) not in TOP_FIELDS:
        yield f"no group or key {name!r}; {nearest(name.split('.')[0], TOP_FIELDS)}"
    elif choices:
        named = [choice for value in values(override) for choice in _chosen(value)]
        yield from (f"no {name} {choice!r}; {nearest(choice, choices)}" for choice in named if choice not in choices)


def _chosen(value: str) -> list[str]:
    """Return the choices that a value names: `a`, `'off'` or `[a,b]`."""
    return [part.strip().strip("'\"") for part in value.strip("[]").split(",")]


def values(override: Override) -> list[str]:
    """Return the values of an override as strings, one for each point of its sweep."""
    if override.is_sweep_override():
        if not override.is_discrete_sweep():
            raise BadInput(f"{override.input_line!r}: an interval has no end of values; use a range or a choice")
        return [str(value) for value in override.sweep_string_iterator()]
    return [override.get_value_element_as_str()]


def choice(group: str, name: str, config_dir: str | None = None) -> dict[str, Any]:
    """Return the YAML of one choice that refers to no other, from the user's own folder or from ours."""
    folders = [Path(folder) / group for folder in (config_dir, shipped("conf")) if folder]
    there = {path.stem: path for folder in reversed(folders) for path in folder.glob("*.yaml")}
    if name not in there:
        raise BadInput(f"no {group} {name!r}; {nearest(name, there)}")
    plain = OmegaConf.to_container(OmegaConf.load(there[name]), resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def runtime_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what cannot change a result."""
    return {name: settings[name] for name in RUNTIME_FIELDS}


def recipe_of(settings: Mapping[str, Any], choices: Mapping[str, str]) -> Recipe:
    """Return what can."""
    return Recipe({name: settings[name] for name in RECIPE_GROUPS}, {name: choices[name] for name in RECIPE_GROUPS})
