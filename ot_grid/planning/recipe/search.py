"""Where Hydra looks for choices: our `conf/` and the user's own folder.

One idea: Hydra is open only while a plan is made. It must not compose.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from ot_grid.config import Config, shipped
from ot_grid.errors import BadInput, nearest
from ot_grid.planning.recipe.composer import Composer


@cache
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


def choice(group: str, name: str, config_dir: str | None = None) -> dict[str, Any]:
    """Return the YAML of one choice that refers to no other, from the user's own folder or from ours."""
    folders = [Path(folder) / group for folder in (config_dir, shipped("conf")) if folder]
    there = {path.stem: path for folder in reversed(folders) for path in folder.glob("*.yaml")}
    if name not in there:
        raise BadInput(f"no {group} {name!r}; {nearest(name, there)}")
    plain = OmegaConf.to_container(OmegaConf.load(there[name]), resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}
