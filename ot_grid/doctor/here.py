"""What can be seen from this machine: the caches of models, the models themselves, the account of W&B."""

from __future__ import annotations

import netrc
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

from ot_grid import extras
from ot_grid.doctor.finding import BROKEN, OK, WARNING, Finding
from ot_grid.machine import GIB
from ot_grid.planning.plan import Plan, models_of
from ot_grid.running import preflight
from ot_grid.store import Artifacts

MEASURE_SECONDS = 2.0  # for the size of a cache; what is not counted by then is said


def cache_folders(plan: Plan) -> dict[str, Path]:
    """Return the folders in which models are looked for, by what names them."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    named = {"HF_HOME": Path(home), "cluster.model_cache": Path(plan.runtime.cluster.model_cache)}
    return {name: folder.expanduser().absolute() for name, folder in named.items()}


def caches(plan: Plan) -> Iterator[Finding]:
    """Yield whether each cache of models is there and can be written, and how large it is."""
    for name, folder in cache_folders(plan).items():
        if not folder.exists():
            above = next(parent for parent in folder.parents if parent.exists())
            if os.access(above, os.W_OK):
                yield Finding(OK, name, f"{folder} is not there yet, and can be made")
            else:
                yield Finding(WARNING, name, f"{folder} is not there and cannot be made; {_elsewhere(name)}")
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield Finding(WARNING, name, f"{folder} cannot be written: no model is fetched to it; {_elsewhere(name)}")
        else:
            yield Finding(OK, name, f"{folder} is writable and holds {size(folder)}")


def _elsewhere(name: str) -> str:
    return f"set {name} to a folder that all nodes see" + ("" if name.isupper() else ", or OT_GRID_MODELS")


def size(folder: Path) -> str:
    """Return how much a folder holds, as far as it can be counted in short time."""
    begun, total = time.monotonic(), 0
    for at, _, names in os.walk(folder):
        for name in names:
            path = Path(at, name)
            total += path.lstat().st_size if path.exists() else 0
        if time.monotonic() - begun > MEASURE_SECONDS:
            return f"at least {total / GIB:.1f} GiB"
    return f"{total / GIB:.1f} GiB"


def models(plan: Plan, artifacts: Artifacts) -> Iterator[Finding]:
    """Yield the models and files that the plan needs and that are not to be had."""
    problems = list(dict.fromkeys(preflight.not_ready(plan, artifacts)))
    yield from (Finding(BROKEN, "models, files", problem) for problem in problems)
    if not problems:
        names = ", ".join(models_of(plan.runs.values())) or "no model is needed"
        yield Finding(OK, "models, files", f"to be had: {names}")


def tracking(plan: Plan) -> Finding:
    """Return whether W&B can be told; a key is looked for, never shown."""
    mode = plan.runtime.tracking.mode
    if mode == "off":
        return Finding(OK, "W&B", "off (tracking=wandb, wandb_offline)")
    if not extras.there("wandb"):
        return Finding(BROKEN, "W&B", f"tracking.mode={mode!r}, but wandb is not installed: {extras.install('wandb')}")
    if mode == "offline":
        return Finding(OK, "W&B", "offline: runs are kept in <store>/wandb; later: wandb sync")
    where = _key()
    if where:
        return Finding(OK, "W&B", f"online, with the key of {where}")
    return Finding(
        BROKEN, "W&B", "tracking.mode='online', and no key is here: wandb login, or WANDB_API_KEY; or tracking=off"
    )


def _key() -> str | None:
    """Return where a key for W&B is."""
    if os.environ.get("WANDB_API_KEY"):
        return "WANDB_API_KEY"
    host = urlparse(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    path = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    try:
        return str(path) if netrc.netrc(path).authenticators(host) else None
    except (OSError, netrc.NetrcParseError):
        return None
