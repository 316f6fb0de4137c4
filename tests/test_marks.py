"""What a test starts decides where it runs: the guards of `make check` see what is not marked."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests import conftest


def test_no_test_here_lacks_its_mark(request: pytest.FixtureRequest):
    """Of all that were collected in this run."""
    assert [item.nodeid for item in request.session.items if conftest.needs_mark(item)] == []


@pytest.mark.parametrize(
    ("nodeid", "marks", "wrong"),
    [
        ("tests/planning/test_plan.py::test_x", [], False),
        ("tests/slurm/test_grid.py::test_x", [], True),
        ("tests/slurm/test_grid.py::test_x", ["slow"], False),
        ("tests/report/page/test_page.py::test_x", ["long"], True),
    ],
)
def test_what_starts_a_cluster_or_a_browser_is_marked(nodeid: str, marks: list[str], wrong: bool):
    """By its folder."""
    item = SimpleNamespace(nodeid=nodeid, get_closest_marker=lambda name: name in marks)
    assert conftest.needs_mark(item) is wrong


@pytest.mark.slow  # computes for seconds
@pytest.mark.parametrize(
    ("mark", "outcome"), [("", {"passed": 1, "errors": 1}), ("@pytest.mark.slow\n", {"passed": 1})]
)
def test_what_loads_a_model_is_marked(pytester: pytest.Pytester, mark: str, outcome: dict[str, int]):
    """A test that is not marked fails when it loads a library of models."""
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\nmarkers = ['slow']")
    pytester.makeconftest("from tests.conftest import light")
    pytester.makepyfile(torch="")
    pytester.makepyfile(f"import pytest\n{mark}def test_it():\n    import torch")
    pytester.syspathinsert(conftest.ROOT)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(**outcome)
