"""Marks for tests that need a package that is not everywhere.

One idea: a test that cannot run here is skipped, but where everything must be there (OT_GRID_REQUIRE_ALL=1) it fails.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

ALL = os.environ.get("OT_GRID_TEST_ALL") == "1"  # `make test-all`: every scenario, at its full size
REQUIRE_ALL = os.environ.get("OT_GRID_REQUIRE_ALL") == "1"


def requires(*packages: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test without these packages, or lets it run and fail under OT_GRID_REQUIRE_ALL=1."""
    missing = [name for name in packages if find_spec(name) is None]
    reason = f"not installed: {', '.join(missing)}; OT_GRID_REQUIRE_ALL=1 makes this a failure"
    return pytest.mark.skipif(bool(missing) and not REQUIRE_ALL, reason=reason)
