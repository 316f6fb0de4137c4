"""What may follow on a command line, for the shell's TAB key: commands, sweeps, groups, choices.

One idea: read off the names of files, so that a TAB costs no more than starting Python. It must not import Hydra.

    eval "$(python -m ot_grid completion)"     in ~/.bashrc; for zsh after: autoload -U bashcompinit; bashcompinit
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ot_grid.cli.printing import say, say_all
from ot_grid.config import RECIPE_GROUPS, shipped
from ot_grid.planning.sweep_file import listed

GROUPS = (*RECIPE_GROUPS, "cluster", "tracking")
OF_SWEEPS = ("status", "logs", "resume", "retry", "report", "cancel", "throttle", "track", "rescore", "export", "gc")
SCRIPT = """
_ot_grid() {
  local line="${COMP_LINE:0:COMP_POINT}" program=("${COMP_WORDS[0]}") found
  if [[ "${program[0]##*/}" == python* ]]; then
    if [[ "$line" != *" -m ot_grid "* ]]; then compopt -o default; return; fi
    program+=(-m ot_grid)
  fi
  found="$(OT_GRID_LINE="$line" "${program[@]}" completion --line 2>/dev/null)"
  COMPREPLY=()
  [[ -z "$found" ]] || mapfile -t COMPREPLY <<< "$found"
}
complete -o nospace -F _ot_grid ot_grid python python3
""".strip()


def completion(words: Sequence[str]) -> int:
    """Print the script for the shell, or what may follow on the line in OT_GRID_LINE."""
    parser = argparse.ArgumentParser(
        prog="python -m ot_grid completion",
        description='Print what makes TAB complete commands, sweeps, groups and choices in bash: eval "$(python -m '
        'ot_grid completion)". It completes `ot_grid` and `python -m ot_grid`.',
    )
    parser.add_argument("--line", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args(words).line:
        found = candidates(os.environ.get("OT_GRID_LINE", ""))
        if found:
            say_all(found)
        return 0
    say(SCRIPT)
    return 0


def candidates(line: str) -> list[str]:
    """Return what may stand in the place of the last word of a line, without what stands before its `=`.

    The shell breaks words at `=`, so it takes `length` for `filter=le`, and `length,difficulty` for `filter=length,di`.
    """
    from ot_grid.cli import COMMANDS

    before = line.split(" -m ot_grid ", 1)[-1] if " -m ot_grid " in line else line.partition(" ")[2]
    *earlier, word = before.split(" ")
    earlier = [each for each in earlier if each]
    config_dir = _after(earlier, ("-cd", "--config-dir"))
    name, equals, value = word.partition("=")
    if equals:
        chosen, comma, last = value.rpartition(",")
        choices = listed(config_dir) if name.lstrip("+") == "sweep" else _choices(name.lstrip("+"), config_dir)
        return [f"{chosen}{comma}{choice}" for choice in _beginning(choices, last)]
    if earlier and earlier[0] in OF_SWEEPS and not word.startswith("-"):
        return [f"{found} " for found in _beginning(_sweeps(), word)]
    commands = [] if earlier else [f"{command} " for command in COMMANDS]
    return _beginning([*commands, *(f"{group}=" for group in GROUPS), "+sweep="], word)


def _after(given: Sequence[str], options: Sequence[str]) -> str | None:
    places = [place for place, word in enumerate(given[:-1]) if word in options]
    return given[places[-1] + 1] if places else None


def _choices(group: str, config_dir: str | None) -> list[str]:
    folders = [shipped("conf"), *([Path(config_dir).expanduser()] if config_dir else [])]
    return sorted({path.stem for folder in folders for path in (folder / group).glob("*.yaml")})


def _sweeps() -> list[str]:
    place = Path(os.environ.get("OT_GRID_STORE", "store")).expanduser()
    return sorted(path.parent.name for path in place.glob("sweeps/*/sweep.json"))


def _beginning(names: Iterable[str], word: str) -> list[str]:
    return [name for name in names if name.startswith(word)]
