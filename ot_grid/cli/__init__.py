"""The command line: words in, lines out, exit codes.

One idea: a command is a few lines over `api`, in a module that is imported only for it; what Hydra's own flags do is
left to Hydra. It must not hold logic that the Python interface lacks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from ot_grid.cli.printing import complain, say
from ot_grid.errors import BadInput, OtGridError, nearest
from ot_grid.extras import EXTRAS, install

HYDRA_FLAGS = ("--cfg", "-c", "--info", "-i", "--shell-completion", "-sc", "--hydra-help")
BAD_INPUT, INTERRUPTED = 2, 130

COMMANDS = {  # command: the module that has a function of that name
    "demo": "demo",
    "run": "grids",
    "plan": "grids",
    "resume": "grids",
    "retry": "grids",
    "report": "report",
    "show": "show",
    "compare": "compare",
    "reproduce": "cells",
    "explain": "cells",
    "track": "track",
    "rescore": "scores",
    "export": "scores",
    "sweeps": "status",
    "status": "status",
    "logs": "status",
    "cancel": "jobs",
    "throttle": "jobs",
    "gc": "gc",
    "doctor": "doctor",
    "completion": "completion",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 a cell failed, 2 bad input, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no '±' gets a '?' in its place
    try:
        return _dispatch(words)
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on from here")
        return INTERRUPTED
    except OtGridError as error:
        complain(str(error))
        return error.exit_code
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        if name not in EXTRAS:
            raise
        complain(f"{name} is not installed, and this needs it; {install(name)}")
        return BAD_INPUT
    except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        if error.filename is None:
            raise
        complain(f"{error.filename}: {error.strerror}; give a folder that may be read and written, or another --store")
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; nothing more to tell it
        return 0


def _dispatch(words: list[str]) -> int:
    if any(word.split("=")[0] in HYDRA_FLAGS for word in words):
        return _hydra(words)
    if not words or words[0] in ("--help", "-h"):
        from ot_grid.cli.help import help_text

        say(help_text())
        return 0
    if words[0] == "--version":
        from importlib import metadata

        try:
            say(metadata.version("ot_grid"))
        except metadata.PackageNotFoundError:
            say("a checkout that is not installed: pip install -c constraints.txt -e .")
        return 0
    first = next((word for word in words if not word.startswith("-")), "=")
    if "=" not in first and words[0] == first and first not in COMMANDS:
        raise BadInput(f"no command {first!r}, and no override NAME=VALUE; {nearest(first, COMMANDS)}")
    command = words[0] if words[0] in COMMANDS else "run"
    function = getattr(import_module(f"ot_grid.cli.{COMMANDS[command]}"), command)
    return int(function(words[1:] if words[0] in COMMANDS else words))


def _hydra(words: Sequence[str]) -> int:
    """Hand --cfg, --info, --hydra-help and tab completion to Hydra."""
    import hydra

    from ot_grid.planning.recipe import register_schema, shipped

    register_schema()
    sys.argv = ["ot_grid", *(word for word in words if word not in COMMANDS)]
    try:
        hydra.main(config_path=str(shipped("conf")), config_name="config", version_base="1.3")(lambda _: None)()
    except ValueError as error:  # flags that do not go together
        raise BadInput(f"{error}; --cfg and --info show one recipe: leave out -m, give one value each") from error
    return 0
