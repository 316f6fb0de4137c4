"""Programs of strangers: hostile ones harm nothing, tricky ones are right, in every tier that this machine gives."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ot_grid.errors import BadInput
from ot_grid.grading import Graded
from ot_grid.grading.sandbox import choose
from ot_grid.grading.sandbox.commands import BUBBLEWRAP, NAMESPACES, RLIMITS
from tests.grading.sandbox.world import VALUE, Item, World, items
from tests.requires import ALL, REQUIRE_ALL

pytestmark = pytest.mark.slow  # hundreds of programs in each tier

HOSTILE, TRICKY = items("hostile"), items("tricky")
TIERS = (BUBBLEWRAP, NAMESPACES, RLIMITS)


def fit(tier: str) -> list[Item]:
    """Return the programs that a tier is made for: the weakest does not keep them from files and the network.

    What is tricky to grade is so in each: the second and the third get a third of it, all of it by `make test-all`.
    """
    place = TIERS.index(tier)
    tricky = TRICKY if ALL or not place else TRICKY[place - 1 :: 3]
    return [item for item in HOSTILE + tricky if tier != RLIMITS or not item.isolated]


@pytest.fixture(scope="session", params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    try:
        return choose(request.param).name
    except BadInput as error:
        if REQUIRE_ALL:
            raise
        pytest.skip(f"{error}; OT_GRID_REQUIRE_ALL=1 makes this a failure")


@pytest.fixture(scope="session")
def world(tier: str) -> Iterator[World]:
    made = World()
    yield made
    made.close()


@pytest.fixture(scope="session")
def graded(tier: str, world: World) -> dict[str, Graded]:
    return world.grade(fit(tier), tier)


@pytest.mark.parametrize(
    ("tier", "item"),
    [pytest.param(tier, item, id=f"{tier}-{item.name}") for tier in TIERS for item in fit(tier)],
    indirect=["tier"],
    scope="session",
)
def test_every_program_gets_its_verdict(item: Item, graded: dict[str, Graded]):
    """A program gets the verdict that its first line names, for the reason that it names."""
    found = graded[item.name]
    assert found.verdict == item.head["verdict"], found.reason
    assert re.search(item.head.get("because", ""), found.reason), found.reason


def test_nothing_of_the_corpus_is_collected():
    """No program of the corpus can be taken for a test, and be imported here."""
    names = [item.name.split("/")[1] for item in HOSTILE + TRICKY]
    assert [name for name in names if name.startswith("test_") or name.endswith("_test")] == []


def test_no_file_changed(graded: dict[str, Graded], world: World):
    """Sentinel files are what they were, and nothing hostile lies in the folders that programs tried."""
    assert graded
    assert world.files() == world.before


def test_nobody_was_spoken_to(graded: dict[str, Graded], world: World):
    """No socket of this machine, on TCP, UDP or a file, was reached."""
    assert graded
    assert world.connections() == []


def test_no_process_is_left(graded: dict[str, Graded], world: World):
    """Fork bombs and daemons are gone with their sandbox."""
    assert graded
    assert world.survivors() == []


def test_no_secret_came_out(graded: dict[str, Graded]):
    """The environment of the grader is in no verdict."""
    assert not [name for name, found in graded.items() if VALUE in str(found)]
