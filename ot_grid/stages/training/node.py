"""One node's part in a training over several: `srun` starts this on each, and it becomes `accelerate launch`.

One idea: all nodes get the same line, and what differs, the rank, is in the environment. It must not import torch.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence

from ot_grid.stages.training.launcher import ACCELERATE, bound_to_parent


def on_this_node(arguments: Sequence[str]) -> None:
    """Become `accelerate launch` with these arguments, as this node of the job; never returns."""
    bound_to_parent()  # here too: srun starts us with signals as they are by default
    node = os.environ["SLURM_NODEID"]
    arguments = list(arguments)
    head = arguments.index("--main_process_ip") + 1
    arguments[head] = reachable(arguments[head])
    if "--cpu" in arguments:  # there accelerate leaves ranks to mpirun; with GPUs it counts them itself
        nodes = arguments[arguments.index("--num_machines") + 1]
        os.environ |= {"RANK": node, "WORLD_SIZE": nodes, "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
    os.execv(sys.executable, [*ACCELERATE, "--machine_rank", node, *arguments])  # noqa: S606 (no shell is meant)


def reachable(head: str) -> str:
    """Return the name of the first node, or where this one cannot resolve it, the address that srun came from."""
    try:
        socket.gethostbyname(head)
    except OSError:
        return os.environ.get("SLURM_LAUNCH_NODE_IPADDR", head)
    return head


if __name__ == "__main__":
    on_this_node(sys.argv[1:])
