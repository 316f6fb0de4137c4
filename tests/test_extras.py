"""The core alone plans, shows and reports; what it lacks for more it says in one line."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ot_grid import extras
from ot_grid.cli import main
from ot_grid.extras import EXTRAS, NEEDED, install, lacking
from tests.sweeps import local_sweep, record

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
ALONE = f"import sys; sys.modules.update(dict.fromkeys({sorted(EXTRAS)!r}))\n"  # as if none of them was installed
RUN = "from ot_grid.cli import main\ncode = main({words!r})\nprint([n for n in {names!r} if sys.modules.get(n)], code)"


def alone(*words: str, names: tuple[str, ...] = ("hydra", "omegaconf", "torch")) -> subprocess.CompletedProcess[str]:
    """Run a command where no extra is installed; its last line tells which modules it loaded, and its exit code."""
    ask = ALONE + RUN.format(words=list(words), names=names)
    return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)


def test_each_module_is_brought_by_the_extra_that_is_said():
    """The line that installs it is right: the table here agrees with pyproject.toml."""
    for module, extra in EXTRAS.items():
        brought = [line.partition(">")[0].partition("[")[0] for line in PROJECT["optional-dependencies"][extra]]
        assert module.replace("_", "-") in brought, module
    assert {module for modules in NEEDED.values() for module in modules} <= EXTRAS.keys()


def test_nothing_of_the_extras_is_in_the_core():
    """Plan, status and report install in half a gigabyte."""
    core = {line.split(">")[0].split("[")[0].replace("-", "_") for line in PROJECT["dependencies"]}
    assert not core & EXTRAS.keys()


def test_what_is_lacking_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch):
    """All at once; nothing where all is there."""
    monkeypatch.setattr(extras, "there", lambda module: module not in ("trl", "accelerate"))
    assert lacking(["inference"]) is None
    assert lacking(["cpu", "train"]) == (
        "trl, accelerate are not installed, and stage runs need it; pip install 'ot_grid[run]'"
    )
    assert install("wandb_workspaces") == "pip install 'ot_grid[report]'"


@pytest.mark.slow  # computes for seconds
def test_the_core_alone_plans_and_says_what_a_run_needs(tmp_path: Path):
    """The plan of the rehearsal needs no extra; `run` names what is lacking, and starts nothing."""
    place = f"store={tmp_path}"
    planned = alone("plan", "-m", "filter=length,difficulty", "teacher=qwq,r1", place)
    assert "4 cells -> 34 unique stage runs" in planned.stdout
    assert planned.stdout.splitlines()[-1].endswith(" 0")
    assert "pip install 'ot_grid[run]'" in planned.stderr
    ran = alone("filter=length", "tracking=off", place)
    assert "transformers, math_verify, reasoning_gym, torch, trl, accelerate are not installed" in ran.stderr
    assert ran.stdout.splitlines()[-1].endswith(" 2")
    assert not list(tmp_path.glob("sweeps/*"))


@pytest.mark.slow  # computes for seconds
def test_looking_and_reporting_load_neither_hydra_nor_torch():
    """`status`, `report`, `explain` of a store, and `--help`: what is frozen needs no composing."""
    plan, artifacts = local_sweep()
    for run in plan.runs.values():
        if run.needs == "cpu":
            record(artifacts, run)
    place = ("--store", str(artifacts.place.root))
    for words in (["status", *place], ["report", *place], ["explain", plan.cells[0].id, *place], ["--help"]):
        told = alone(*words)
        assert told.stdout.splitlines()[-1].startswith("[] "), (words, told.stdout, told.stderr)


def test_a_module_that_is_met_missing_is_told_and_not_a_traceback(monkeypatch: pytest.MonkeyPatch, capsys):
    """Also where nobody looked for it before; what is no extra of ours stays an error of the program."""

    def needing(name: str):
        def command(words: object) -> int:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        return command

    monkeypatch.setattr("ot_grid.cli.status.status", needing("wandb.sdk"))
    assert main(["status"]) == 2
    assert "wandb is not installed, and this needs it; pip install 'ot_grid[run]'" in capsys.readouterr().err
    monkeypatch.setattr("ot_grid.cli.status.status", needing("ot_grid.gone"))
    with pytest.raises(ModuleNotFoundError):
        main(["status"])
