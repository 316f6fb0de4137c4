"""GPUs as a number, a memory and how many nodes have them.

One idea: what is assumed is said. It must not ask a machine or a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

GIB = 1024**3
ASSUMED_GB = 80  # of a GPU of which nothing is known
USUAL_GB = (40, 80, 141, 192)  # of GPUs that are offered, for saying what would fit
ON_A_NODE = 8  # GPUs of a node of which nothing is known
# GB of GPUs whose name leaves no doubt; an A100 has 40 or 80, which its name may say: a100-80gb.
OF_TYPE = {
    "h100": 80, "h800": 80, "h200": 141, "b200": 180, "b300": 288, "gh200": 96, "h20": 96, "l40": 48, "l40s": 48,
    "l4": 24, "a10": 24, "a40": 48, "a6000": 48, "t4": 16, "rtx4090": 24, "rtx5090": 32, "mi250x": 64, "mi300x": 192,
}  # fmt: skip


@dataclass(frozen=True)
class Gpus:
    """The GPUs of a job: how many on each node, what one holds, and on how many nodes.

    >>> str(Gpus(8, 80)), str(Gpus(8, 80, nodes=2)), Gpus(0, 62).one
    ('8 x 80 GB', '2 nodes of 8 x 80 GB', 66571993088)
    """

    count: int  # on a node; 0: none, and `gigabytes` is the memory of the machine
    gigabytes: float  # of one GPU, as it is sold: a card of 80 GB holds about 80 GiB
    nodes: int = 1

    @property
    def one(self) -> int:
        """Bytes of one."""
        return round(self.gigabytes * GIB)

    @property
    def all(self) -> int:
        """How many there are on all nodes."""
        return self.count * self.nodes

    def __str__(self) -> str:
        each = f"{self.count} x {self.gigabytes:.0f} GB" if self.count else f"no GPU and {self.gigabytes:.0f} GB"
        return each if self.nodes == 1 else f"{self.nodes} nodes of {each}"


def of_type(name: str | None) -> float | None:
    """Return the GB of a GPU by the name that a cluster gives it, e.g. h100 or nvidia_a100-sxm4-80gb.

    >>> of_type("h100"), of_type("nvidia_h200"), of_type("a100-80gb"), of_type("a100"), of_type("gpu7"), of_type(None)
    (80, 141, 80, None, None, None)
    """
    words = re.findall(r"[a-z0-9]+", (name or "").lower())
    for word in words:
        said = re.fullmatch(r"(\d+)gi?b?", word)
        if said and word[-1] in "gb":
            return int(said[1])
    return next((OF_TYPE[word] for word in words if word in OF_TYPE), None)


def usual() -> Iterator[Gpus]:
    """Yield what is usually to be had, the smallest first: one node, then two."""
    for nodes in (1, 2):
        for count in (1, 2, 4, 8) if nodes == 1 else (8,):
            yield from (Gpus(count, memory, nodes) for memory in USUAL_GB)
