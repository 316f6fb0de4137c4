"""An engine that types: in the place of a model where a test is about the cluster, for its job starts in half a second.

One idea: it stands at the door to inference and nowhere else, and only in jobs; what is bought, stored and counted is
as ever. It waits in the middle where a test has something happen there. A plug-in as any user's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ot_grid.config import Cluster, Model, Sampling
from ot_grid.inference import door
from ot_grid.inference.engine import Output, Outputs, Prompt
from tests.slurm import gate

TOKEN_SECONDS = 0.001
LONGEST = 600.0  # seconds at the gate


class Typed:
    """Answers every prompt with a number drawn from its seed, a token a millisecond, and waits at the gate."""

    def __init__(self, folder: Path, cluster: Cluster, model: Model) -> None:
        if not (folder / "config.json").exists():
            raise FileNotFoundError(f"{folder} holds no model")
        self.batch_size, self.replies = cluster.batch_size, 0

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return messages as text."""
        return "\n".join(f"{message['role']}: {message['content']}" for message in messages)

    def rooms(self, prompts: Any) -> list[tuple[int, int]]:
        """Room for any prompt."""
        return [(len(prompt), 1 << 20) for prompt in prompts]

    def generate(self, jobs: Sequence[Prompt], sampling: Sampling) -> Outputs:
        """Yield the outputs of one batch after the other."""
        for start in range(0, len(jobs), self.batch_size):
            batch = jobs[start : start + self.batch_size]
            time.sleep(sampling.max_tokens * TOKEN_SECONDS)
            if gate.held(self.replies):
                gate.wait(LONGEST)
            self.replies += len(batch)
            texts = [f"The answer is {job.seed % 100}." for job in batch]
            yield [
                (start + place, Output(text, "stop", len(job.text), len(text)))
                for place, (text, job) in enumerate(zip(texts, batch, strict=True))
            ]

    def describe(self) -> dict[str, Any]:
        """Return what computes."""
        return {"name": "typed", "seeding": "reply"}

    def told(self) -> dict[str, Any]:
        """Nothing is worth telling."""
        return {}

    def close(self) -> None:
        """Nothing is held."""


# In jobs alone: the process of the tests plans with this plug-in too, and has tests of the real engines.
if "OT_GRID_JOB" in os.environ:
    door.open_engine = Typed
