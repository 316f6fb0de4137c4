"""What the extras of the package bring, which kinds of stage run need what of it, and the line that installs it.

One idea: the core plans, shows and reports; whatever loads a model or reads a hub is an extra. It imports nothing of
them: that a module is there is found out without loading it.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

EXTRAS = {  # module -> the smallest extra that brings it
    "torch": "run", "transformers": "run", "trl": "run", "accelerate": "run", "datasets": "run", "math_verify": "run",
    "reasoning_gym": "run", "wandb": "run", "gguf": "rehearsal", "vllm": "vllm", "wandb_workspaces": "report",
    "matplotlib": "plots", "huggingface_hub": "run",
}  # fmt: skip
NEEDED = {  # kind of stage run -> what it may load
    "cpu": ("datasets", "transformers", "math_verify", "reasoning_gym"),
    "inference": ("torch", "transformers", "math_verify"),
    "train": ("torch", "transformers", "trl", "accelerate"),
}


def install(module: str) -> str:
    """Return the command that installs a module.

    >>> install("torch.nn"), install("yaml")
    ("pip install 'ot_grid[run]'", 'pip install yaml')
    """
    name = module.partition(".")[0]
    return f"pip install 'ot_grid[{EXTRAS[name]}]'" if name in EXTRAS else f"pip install {name.replace('_', '-')}"


def there(module: str) -> bool:
    """Whether a module is installed; it is not loaded."""
    return find_spec(module) is not None


def lacking(kinds: Iterable[str]) -> str | None:
    """Return what stage runs of some kinds (cpu, inference, train) would miss here, and how to get it, if anything."""
    modules = dict.fromkeys(module for kind in kinds for module in NEEDED[kind])
    absent = [module for module in modules if not there(module)]
    if not absent:
        return None
    verb = "is" if len(absent) == 1 else "are"
    return f"{', '.join(absent)} {verb} not installed, and stage runs need it; {install(absent[0])}"
