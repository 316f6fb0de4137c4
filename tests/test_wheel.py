"""The package works when it is installed as a wheel: conf/, sweeps/ and the parts of the page travel with it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # builds and installs

ROOT = Path(__file__).parent.parent


def test_an_installed_wheel_plans_the_readmes_grid(tmp_path: Path):
    """Built, unpacked elsewhere and run from an empty folder, it finds its own choices and sweeps."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    assert all(
        (tmp_path / "site/ot_grid/report/page" / name).exists() for name in ("page.html", "page.css", "js/main.js")
    )
    (tmp_path / "empty").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    ask = [sys.executable, "-m", "ot_grid", "plan", "-m", "+sweep=first_light"]
    done = subprocess.run(ask, capture_output=True, text=True, cwd=tmp_path / "empty", env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "4 cells" in done.stdout
    where = [sys.executable, "-c", "import ot_grid; print(ot_grid.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, cwd=tmp_path / "empty", env=environment, check=True)
    assert found.stdout.startswith(str(tmp_path / "site"))
