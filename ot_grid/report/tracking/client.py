"""The process that tells W&B: reads a job from stdin, says on stdout what has arrived.

One idea: a run has an id made from its sweep and cell, and its history has numbered steps, so telling it again adds
only what is not there. It must not write anything but wandb's own files.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid import extras

if TYPE_CHECKING:
    import wandb

PROBE_SECONDS = 10  # in which a server that is there answers anything at all
CELL, SUPERSEDED = "cell", "superseded"  # types of runs
REFUSED, REASON_LENGTH = "filestream: fatal error:", 200  # as wandb-core writes it, when it gives up a stream
LAST_SECONDS = 5  # in which whoever reads the last line ends this process
TAG_LENGTH = 64  # W&B refuses longer ones


def main() -> None:
    """Do the job, then wait to be ended with all that wandb started, which may still wait for a server."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # stdout is for what we say, whatever wandb prints
    try:
        for line in tell(json.load(sys.stdin)):
            print(json.dumps(line), file=answers, flush=True)
        last: dict[str, Any] = {"done": True}
    except BaseException as error:
        last = {"problem": in_words(error)}
    print(json.dumps(last), file=answers, flush=True)
    time.sleep(LAST_SECONDS)
    os._exit(0)


def in_words(error: BaseException) -> str:
    """Return what went wrong, with the way out where there is one."""
    text = str(error) or type(error).__name__
    lower = text.lower()
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed: {extras.install(str(error.name))}"
    if "no api key" in lower or "not logged in" in lower or "no authentication" in lower:
        return "no API key is here: wandb login, or WANDB_API_KEY"
    if any(word in lower for word in ("401", "permission", "verif", "invalid api key", "api key must", "api_key")):
        return f"the API key was refused: wandb login --relogin, or another WANDB_API_KEY ({text})"
    return f"{type(error).__name__}: {text}"


def tell(job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Tell W&B of each run of a job and of the whole; yield what has arrived."""
    import wandb

    tracking = job["tracking"]
    if tracking["mode"] == "online":
        _reach(wandb.setup().settings.base_url)
    for told in job["runs"]:
        if told["replaces"]:
            _retire(job, told["replaces"])
        _cell(job, told)
        yield {"told": told["run"]}
    if job["overall"]:
        from ot_grid.report.tracking import whole

        whole.tell(job, start)
        yield {"told": job["overall"]["run"]}
    if job["report"]:
        from ot_grid.report.tracking import page

        yield {"report": page.save(job)}


def _reach(url: str) -> None:
    """Raise `ConnectionError` when nothing answers there: wandb would try for minutes."""
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=PROBE_SECONDS).close()  # noqa: S310 (the user's own server)
    except urllib.error.HTTPError:
        return
    except OSError as error:
        raise ConnectionError(f"{url} does not answer ({getattr(error, 'reason', error)})") from error


def _earlier(job: Mapping[str, Any], run: str) -> bool:
    """Return whether an offline run was synced before; remove it where not: two would be synced in any order."""
    folders = list((Path(job["place"]) / "wandb").glob(f"offline-run-*-{run}"))
    synced = [folder for folder in folders if list(folder.glob("*.synced"))]
    for folder in set(folders) - set(synced):
        shutil.rmtree(folder, ignore_errors=True)
    return bool(synced)


def start(job: Mapping[str, Any], run: str, **about: Any) -> wandb.Run:
    """Start a run of that id, or go on with it."""
    import wandb

    tracking, place = job["tracking"], Path(job["place"])
    (place / "wandb").mkdir(parents=True, exist_ok=True)  # without it wandb falls back to a temporary folder
    settings = wandb.Settings(
        init_timeout=tracking["timeout"], finish_timeout=tracking["timeout"], finish_timeout_raises=True,
        console="off", x_disable_stats=True, x_disable_meta=True, x_disable_machine_info=True, disable_git=True,
        x_save_requirements=False, disable_code=True,
    )  # fmt: skip
    online = tracking["mode"] == "online"
    return wandb.init(
        project=tracking["project"], entity=tracking["entity"], mode=tracking["mode"], dir=str(place), id=run,
        group=job["sweep"], settings=settings, reinit="create_new", resume="allow" if online else None, **about,
    )  # fmt: skip


def _cell(job: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    cell, name = told["facts"], told["run"]
    synced = job["tracking"]["mode"] == "offline" and _earlier(job, name)
    tags = [f"{factor}={choice}"[:TAG_LENGTH] for factor, choice in cell["coordinates"].items()]
    config = {"recipe": cell["recipe"], "choice": choices(cell["coordinates"])}
    run = start(job, name, name=cell["name"], job_type=CELL, tags=tags, config=config)
    _curve(run, cell["loss"], len(cell["loss"]) if synced else run.starting_step)
    run.summary.update(cell["summary"])
    if job["tracking"]["artifacts"] != "none":
        from ot_grid.report.tracking import pieces

        pieces.tell(run, cell["pieces"], everything=job["tracking"]["artifacts"] == "files")
    finish(run)


def finish(run: wandb.Run) -> None:
    """End a run; raise `ConnectionError` when its stream was refused, of which wandb itself only writes a log."""
    log = Path(run.settings.log_internal)
    run.finish()
    if run.offline or not log.exists():
        return
    refused = [line for line in log.read_text(errors="replace").splitlines() if REFUSED in line]
    if refused:
        raise ConnectionError(f"the server refused what was sent: {refused[0].partition(REFUSED)[2][:REASON_LENGTH]}")


def _curve(run: wandb.Run, points: Sequence[tuple[float, float]], there: int) -> None:
    """Add the points of a loss curve that are not there yet; each is a step of its own."""
    run.define_metric("train/*", step_metric="train/step")
    for number, (step, loss) in enumerate(points):
        if number >= there:
            run.log({"train/step": step, "train/loss": loss}, step=number)
    if points:
        run.summary.update({"train/step": points[-1][0], "train/loss": points[-1][1]})


def _retire(job: Mapping[str, Any], run: str) -> None:
    """Mark the run of a student that was trained again, so that no panel of the report shows it."""
    if job["tracking"]["mode"] == "offline":
        _earlier(job, run)
    else:
        finish(start(job, run, job_type=SUPERSEDED, tags=[SUPERSEDED]))


def choices(coordinates: Mapping[str, str]) -> dict[str, str]:
    """Return coordinates as W&B can show them: a dot in a name would be a level of the config."""
    return {name.replace(".", "_"): value for name, value in coordinates.items()}


if __name__ == "__main__":
    main()
