"""TAB offers what may follow, as bash asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ot_grid.cli.completion import SCRIPT, candidates

PROGRAM = Path(sys.executable).with_name("ot_grid")


@pytest.mark.parametrize(
    ("line", "some", "none"),
    [
        ("ot_grid sta", ["status "], ["filter="]),
        ("python -m ot_grid re", ["report ", "resume ", "retry ", "rescore ", "reproduce "], ["run "]),
        ("python -m ot_grid -m fil", ["filter="], ["status "]),
        ("python -m ot_grid plan -m filter=l", ["length"], ["none"]),
        ("ot_grid -m filter=length,di", ["length,difficulty"], ["difficulty"]),
        ("ot_grid -m +sweep=fi", ["first_light"], ["teachers"]),
        ("ot_grid plan nothing=", [], ["length"]),
        ("ot_grid -m filter=length teacher=", ["qwq", "r1"], ["length"]),
    ],
)
def test_what_may_follow(line: str, some: list[str], none: list[str]):
    """Commands first, groups with their `=`, choices after it, one more after a comma."""
    found = candidates(line)
    assert set(some) <= set(found)
    assert not set(none) & set(found)


def test_sweeps_of_the_store_and_choices_of_ones_own(own_store: Path, tmp_path: Path):
    """By the folders that are there."""
    (own_store / "sweeps" / "filter-12ab").mkdir(parents=True)
    (own_store / "sweeps" / "filter-12ab" / "sweep.json").touch()
    assert candidates("ot_grid report fil") == ["filter-12ab "]
    (tmp_path / "conf" / "filter").mkdir(parents=True)
    (tmp_path / "conf" / "filter" / "longest_first.yaml").touch()
    assert "longest_first" in candidates(f"ot_grid -m -cd {tmp_path / 'conf'} filter=l")


def test_bash_asks_and_is_answered():
    """The real shell, with the script that is printed; other uses of python are left alone."""
    lines = {f"{sys.executable} -m ot_grid plan -m filter=le": sys.executable, f"{PROGRAM} thr": PROGRAM}
    asks = [
        f'COMP_LINE="{line}"; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({program}); _ot_grid; echo "${{COMPREPLY[@]}}"'
        for line, program in lines.items()
    ]
    done = subprocess.run(["bash", "-c", "\n".join([SCRIPT, *asks])], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["length", "throttle"], done.stderr


def test_a_tab_loads_no_hydra():
    """It costs what starting Python costs."""
    ask = (
        "import sys; from ot_grid.cli.completion import candidates as c; c('o filter='); print('hydra' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
