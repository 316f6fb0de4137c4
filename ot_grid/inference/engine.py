"""What an engine is.

One idea: an engine turns rendered prompts into outputs and hands each over as soon as it is finished; it knows nothing
of replies, keys or stores. Opening one is cheap: weights are loaded at the first `generate`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ot_grid.config import Sampling


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt and the seed of its reply."""

    text: str
    seed: int  # 63 bits


@dataclass(frozen=True, slots=True)
class Output:
    """What a model wrote to a prompt."""

    text: str
    finish_reason: str  # stop, or length when it was cut
    prompt_tokens: int
    output_tokens: int  # with the token that ends the reply


Outputs = Generator[list[tuple[int, Output]], None, None]  # finished ones, each with its index into the jobs


class Engine(Protocol):
    """A model that writes."""

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return messages as the model's chat template writes them, up to where its reply begins."""

    def rooms(self, prompts: Sequence[str]) -> list[tuple[int, int]]:
        """Return of each rendered prompt how many tokens it has, and how many a reply to it may have."""

    def generate(self, jobs: Sequence[Prompt], sampling: Sampling) -> Outputs:
        """Yield finished outputs as soon as they are finished; when closed or interrupted, give up the others."""

    def describe(self) -> dict[str, Any]:
        """Return what computes: name, versions, dtype, device, threads, seeding."""

    def told(self) -> dict[str, Any]:
        """Return what the engine says of its work until now, for the record: e.g. how much its cache holds."""

    def close(self) -> None:
        """Free the weights."""
