"""Artifacts with their lineage: dataset, model, evaluation.

One idea: an artifact of the store is told by its key and the digests of its files, with references to where they lie;
bytes are sent only when they are small or asked for. It must not hash or copy large files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import wandb

MADE_FROM = "made_from"
WAIT_SECONDS = 600
INPUT = "dataset"  # made before the run begins; models and evaluations come of it


def tell(run: wandb.Run, pieces: Sequence[Mapping[str, Any]], *, everything: bool) -> None:
    """Tell of each artifact; online also that the run used what a later one was made from."""
    used = {name for piece in pieces for name in piece["about"].get(MADE_FROM, ())}
    for piece in pieces:
        artifact = _artifact(piece, everything=everything)
        if run.offline:  # wandb notes no use of an artifact offline; `made_from` says it all the same
            run.log_artifact(artifact)
        elif piece["kind"] == INPUT:
            run.use_artifact(artifact)
        else:
            run.log_artifact(artifact).wait(WAIT_SECONDS)
            if piece["name"] in used:
                run.use_artifact(artifact)


def _artifact(piece: Mapping[str, Any], *, everything: bool) -> wandb.Artifact:
    import wandb

    artifact = wandb.Artifact(piece["name"], type=piece["kind"], metadata=dict(piece["about"]))
    with artifact.new_file("artifact.json") as file:  # so that other bytes are another version
        json.dump({"files": piece["files"], **piece["about"]}, file, indent=1, sort_keys=True)
    for name in sorted(piece["files"]):
        path = Path(piece["folder"]) / name
        if everything or name in piece["small"]:
            artifact.add_file(str(path), name=name, policy="immutable", skip_cache=True)
        elif path.exists():
            artifact.add_reference(path.as_uri(), name=name, checksum=False)
    return artifact
