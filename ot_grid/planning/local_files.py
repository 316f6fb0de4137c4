"""Local files by their content: how a recipe names one, where it lies, and what is remembered of it.

One idea: the digest of a file is in the recipe and its path is not, so a file that is moved, copied or spelt otherwise
is the same source, and an edited one is another. Paths go to the runtime, as those of models do. What reading a file
took is remembered in the user's cache, by path, size, time and inode. It must not write to the store.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ot_grid import key, store
from ot_grid.errors import BadInput
from ot_grid.planning import rehearsal

SETTINGS = ("path", "file")  # of a source: the names of those that are files
PREFIX = "sha256:"
MOST = 2000  # entries that are remembered of each kind, the latest
FRESH_SECONDS = 2.0  # a file that was written so lately may be written again in the same tick of its clock


def pinned(settings: Any, files: dict[str, str]) -> Any:
    """Return settings with every local file of a source named by its content; where it lies is noted in `files`.

    `{"function": "jsonl", "path": "../my/a.jsonl"}` becomes `{"function": "jsonl", "path": "sha256:ab12...cd.jsonl"}`:
    the suffix stays, as it says how the file is read. What is no file here is left as it is, and told by `preflight`.
    """
    if not isinstance(settings, Mapping):
        return settings
    if "function" not in settings:
        return {name: pinned(value, files) for name, value in settings.items()}
    named = dict(settings)
    for name in SETTINGS:
        path = Path(str(settings[name])).expanduser() if isinstance(settings.get(name), str) else None
        if path is not None and path.is_file():
            named[name] = f"{PREFIX}{digest(path)}{path.suffix}"
            files[named[name]] = str(path.absolute())
    return named


def with_local_models(settings: Any) -> Any:
    """Return settings in which every model whose id is a folder of this machine is that folder, by its content.

    The id stays, as an absolute path; the revision is a digest of what lies there, so a folder that is trained into
    again is another model. A wheel of the YAML that the id was set over is none of it.
    """
    if isinstance(settings, list):
        return [with_local_models(item) for item in settings]
    if not isinstance(settings, Mapping):
        return settings
    if rehearsal.is_model(settings):
        folder = Path(str(settings["id"])).expanduser()
        if (folder / "config.json").is_file():
            return {**settings, "id": str(folder.absolute()), "revision": _of_folder(folder), "wheel": None}
        return settings
    return {name: with_local_models(value) for name, value in settings.items()}


def with_template(train: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a training with the text of a chat template in the place of its file."""
    path = Path(str(train.get("template") or "")).expanduser()
    return {**train, "template": path.read_text(encoding="utf-8")} if path.is_file() else train


def _of_folder(folder: Path) -> str:
    """Return a digest of the files of a model: names and contents, not those of folders within."""
    return PREFIX + key.digest({path.name: digest(path) for path in sorted(folder.iterdir()) if path.is_file()})


def located(settings: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Return settings of a source with the paths of its files; raise `BadInput` where one is not known here."""
    named = dict(settings)
    for name in SETTINGS:
        value = str(settings.get(name) or "")
        if value.startswith(PREFIX):
            if value not in files:
                raise BadInput(
                    f"{name}={value!r}: where this file lies is not known here; give the command that named it again"
                )
            named[name] = files[value]
    return named


def check_unchanged(settings: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """Raise `BadInput` when a file is not there any more, or holds something else than when it was planned."""
    for name in SETTINGS:
        value = str(settings.get(name) or "")
        if value.startswith(PREFIX):
            path = Path(located(settings, files)[name])
            if not path.is_file() or f"{PREFIX}{key.file_digest(path)}{path.suffix}" != value:
                what = "has changed since this was planned" if path.is_file() else "is not there any more"
                raise BadInput(f"{path} {what}; give the command again: new content is another source")


def digest(path: Path) -> str:
    """Return the sha256 of a file's bytes; remembered, so that the second plan reads nothing."""
    stat = path.stat()
    stamp = f"{path.absolute()} {stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"
    if time.time() - stat.st_mtime < FRESH_SECONDS:
        return key.file_digest(path)
    return str(remembered("digests", stamp, lambda: key.file_digest(path)))


def remembered(kind: str, name: str, make: Callable[[], Any]) -> Any:
    """Return what was made under a name before, else make it and remember it; a cache that fails costs time alone."""
    path = _cache()
    known = _read(path)
    if name in known.get(kind, {}):
        return known[kind][name]
    made = make()
    entries = {**_read(path).get(kind, {}), name: made}  # read again: another process may have written meanwhile
    latest = dict(list(entries.items())[-MOST:])
    with suppress(OSError):
        store.write_text(path, json.dumps({**_read(path), kind: latest}), durable=False)
    return made


def _cache() -> Path:
    own, shared = os.environ.get("OT_GRID_CACHE"), os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(own or f"{shared}/ot_grid").expanduser() / "files.json"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
