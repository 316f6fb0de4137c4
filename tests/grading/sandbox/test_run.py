"""What the sandbox tells of a program: how each case ended, whatever the source is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ot_grid.errors import BadInput
from ot_grid.grading.sandbox import Case, Program, ProgramOutcome, SandboxLimits, Tier, choose, endings, run, tiers
from ot_grid.grading.sandbox.commands import RLIMITS, TIERS
from ot_grid.grading.sandbox.launch import Sandbox
from tests.requires import REQUIRE_ALL

pytestmark = pytest.mark.slow  # programs in every tier

QUICK = SandboxLimits(cpu_seconds=1, wall_seconds=60)  # by the wall clock only what hangs


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> Tier:
    try:
        return choose(request.param)
    except BadInput as error:
        if REQUIRE_ALL:
            raise
        pytest.skip(f"{error}; OT_GRID_REQUIRE_ALL=1 makes this a failure")


def one(source: str, tier: Tier, text: str = "", **more) -> ProgramOutcome:
    return next(run(Program("stdin", source), [Case(text)], tier=tier, **more))


def test_each_case_is_told_as_it_ends(tier: Tier):
    """Cases are played one after the other, each in a fresh process, and stopped when nobody asks on."""
    asked = []

    def cases() -> Iterator[Case]:
        for text in ("1", "2", "x", "3"):
            asked.append(text)
            yield Case(text)

    found = []
    for outcome in run(Program("stdin", "print(int(input()) * 2)"), cases(), tier=tier):
        found.append((outcome.ended, outcome.stdout))
        if outcome.ended != endings.OK:
            break
    assert found == [(endings.OK, "2\n"), (endings.OK, "4\n"), (endings.EXIT, "")]
    assert asked == ["1", "2", "x"]


@pytest.mark.parametrize(
    ("source", "ended"),
    [
        ("x = '\0'", endings.EXIT),
        ("x = '\ud800'", endings.EXIT),
        ("def f(:", endings.EXIT),
        ("# coding: no-such-code\nprint(1)", endings.OK),
        ("", endings.OK),
        ("\ufeffprint(1)", endings.EXIT),
    ],
)
def test_bad_source_is_a_result(source: str, ended: str, tier: Tier):
    """Source that is no text or no Python ends the program, not the grader."""
    assert one(source, tier).ended == ended


def test_a_source_of_five_megabytes_is_a_result(tier: Tier):
    """A long source runs, or runs out of its limits."""
    assert one("x = 1\n" * 850_000, tier, limits=QUICK).ended in (endings.OK, endings.CPU, endings.MEMORY)


def test_the_environment_is_empty_and_packages_are_there(tier: Tier, monkeypatch: pytest.MonkeyPatch):
    """The program sees none of our environment, its home is its folder, and installed packages can be imported."""
    monkeypatch.setenv("A_SECRET", "shown")
    source = (
        "import os, numpy\nprint(os.environ.get('A_SECRET'), os.environ['HOME'] == os.getcwd(), numpy.ones(2).sum())"
    )
    assert one(source, tier).stdout == "None True 2.0\n"


def test_cpu_and_wall_seconds_are_told(tier: Tier):
    """A case that computes for a while and then sleeps says so."""
    source = "import time\nwhile time.process_time() < 0.3: pass\ntime.sleep(0.3)"
    found = one(source, tier)
    assert 0.25 < found.cpu < 0.6
    assert found.wall > found.cpu + 0.25


def test_the_memory_of_all_children_counts(tier: Tier):
    """Many children, each below the limit, are stopped when together they are far above it."""
    source = (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n"
        "        data = bytearray(b'x') * (200 * 2**20)\n        time.sleep(60)\ntime.sleep(60)"
    )
    found = list(run(Program("stdin", source), [Case(""), Case("")], tier=tier, limits=SandboxLimits(memory_mb=300)))
    assert [outcome.ended for outcome in found] == [endings.MEMORY]


def test_files_go_to_scratch(tier: Tier):
    """Files of a case are there when the program starts, and its arguments are its own."""
    source = "import sys\nprint(open(sys.argv[1]).read())"
    program = Program("stdin", source, arguments=("a.txt",))
    cases = [Case("", {"a.txt": "one"}), Case("", {"a.txt": "two"})]
    assert [found.stdout for found in run(program, cases, tier=tier)] == ["one\n", "two\n"]


def test_the_sandbox_dies_with_its_starter(tier: Tier, tmp_path: Path):
    """When the process that grades is killed, what it ran is killed too."""
    script = (
        "import sys; from ot_grid.grading.sandbox import *\n"
        f"tier = choose({tier.name!r})\nprint('ready', flush=True)\n"
        "list(run(Program('stdin', 'import time\\ntime.sleep(77)'), [Case('')], tier=tier,"
        " limits=SandboxLimits(cpu_seconds=60)))"
    )
    mark = str(time.time_ns())
    starter = subprocess.Popen([sys.executable, "-c", script, mark], stdout=subprocess.PIPE)
    assert starter.stdout.readline()
    time.sleep(1)
    tree = descendants(starter.pid)
    assert len(tree) >= 2
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    until = time.monotonic() + 20
    while (left := [pid for pid in tree if alive(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def descendants(of: int) -> list[int]:
    path = Path(f"/proc/{of}/task/{of}/children")
    children = [int(pid) for pid in path.read_text().split()] if path.exists() else []
    return children + [pid for child in children for pid in descendants(child)]


def alive(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"


def test_two_sandboxes_at_once_are_two_users(tier: Tier):
    """As root, each sandbox has a user of its own, so that processes count apart."""
    if os.geteuid():
        pytest.skip("users are for root to give")
    first = Sandbox(Program("stdin", "import os; print(os.getuid())"), SandboxLimits(), tier)
    second = Sandbox(Program("stdin", "import os; print(os.getuid())"), SandboxLimits(), tier)
    try:
        found = [each.play(Case("")).stdout for each in (first, second)]
    finally:
        first.close()
        second.close()
    assert len(set(found)) == 2
    assert "0\n" not in found


def test_policies(monkeypatch: pytest.MonkeyPatch):
    """The best tier is taken; where programs must be kept apart and cannot be, the way out is said."""
    with pytest.raises(BadInput, match="valid: auto"):
        choose("strict")
    choose.cache_clear()
    monkeypatch.setattr(tiers, "problem", lambda tier: "" if tier.name == RLIMITS else "no user namespaces")
    assert choose("auto").name == RLIMITS
    with pytest.raises(BadInput, match="apt-get install bubblewrap"):
        choose("required")
    choose.cache_clear()
