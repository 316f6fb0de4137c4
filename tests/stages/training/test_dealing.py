"""The order of rows: the same rows a step as a shuffle gives, dealt so that nobody waits, and so the same training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ot_grid.errors import BadInput
from ot_grid.stages import train
from ot_grid.stages.training import arguments
from ot_grid.stages.training.dealing import Dealt, Lengths
from tests.stages import tiny

LONG_TAILED = np.minimum(np.random.default_rng(0).lognormal(9, 0.7, 31_600), 16_384).astype(int)


class Plain(Dealt):
    """The shuffle alone."""

    def __iter__(self) -> Iterator[int]:
        """Give rows as they are shuffled."""
        yield from np.random.default_rng([self.seed, self.epoch]).permutation(len(self)).tolist()


@pytest.mark.parametrize(("rows", "batch"), [(96, 8), (100, 8), (3, 8), (31_600, 128)])
def test_every_step_has_the_rows_that_a_shuffle_gives_it(rows: int, batch: int):
    """Each row once an epoch, in the batch of its place in the shuffle, the longest first."""
    lengths = LONG_TAILED[:rows]
    dealt, plain = (list(kind(lengths, batch=batch, seed=7)) for kind in (Dealt, Plain))
    assert len(dealt) == rows
    for start in range(0, rows, batch):
        mine = dealt[start : start + batch]
        assert Counter(mine) == Counter(plain[start : start + batch])
        assert [lengths[row] for row in mine] == sorted((lengths[row] for row in mine), reverse=True)


def test_epochs_and_seeds_have_orders_of_their_own():
    """And the same again gives the same."""
    dealt = Dealt(LONG_TAILED[:500], batch=32, seed=1)
    first = list(dealt)
    dealt.set_epoch(1)
    assert list(dealt) != first
    dealt.set_epoch(0)
    assert list(dealt) == first
    assert list(Dealt(LONG_TAILED[:500], batch=32, seed=2)) != first


def useful_share(lengths: Lengths, processes: int) -> float:
    """Return the share of time in which processes compute, when each waits for the longest of `processes` next rows."""
    rows = np.asarray(lengths, dtype=float)
    together = rows[: len(rows) // processes * processes].reshape(-1, processes)
    return float(together.sum() / (processes * together.max(axis=1).sum()))


@pytest.mark.parametrize(("processes", "batch"), [(8, 128), (8, 96), (16, 128), (4, 32)])
def test_hardly_any_time_is_waited(processes: int, batch: int):
    """At least nine tenths of it are useful, where a shuffle alone leaves 0.5 to 0.7."""
    dealt, plain = (kind(LONG_TAILED, batch=batch, seed=42) for kind in (Dealt, Plain))
    assert useful_share(LONG_TAILED[list(plain)], processes) < 0.75
    assert useful_share(LONG_TAILED[list(dealt)], processes) >= 0.90


@pytest.mark.slow
def test_the_loss_is_that_of_the_plain_order(make: tiny.Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rows of a step in another order: the same gradient, up to what adding up in another order changes."""
    monkeypatch.setitem(arguments.ROWS_AT_ONCE, "cpu", 1)  # as on a GPU: a step has rows after each other
    losses = []
    for kind in (Dealt, Plain):
        monkeypatch.setattr("ot_grid.stages.training.sft.Dealt", kind)
        work = make(tmp_path / kind.__name__)
        work = replace(work, inputs=[of_many_lengths(tmp_path / "dataset", work.cluster.models["tiny"])])
        with tiny.in_process():
            train.run(work)
        losses.append([loss for _, loss in work.log["loss"]])
    assert len(losses[0]) == tiny.STEPS
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def of_many_lengths(folder: Path, student: str) -> Path:
    """Make a dataset whose rows have between two and some thirty tokens."""
    chats = [(f"{n}?", " ".join(str(n + k) for k in range(1 + n * 7 % 10))) for n in range(tiny.STEPS * 2)]
    return tiny.encoded(folder, Path(student), chats)


@pytest.mark.parametrize(
    ("wanted", "packing", "device", "installed", "gives"),
    [
        ("auto", False, "cuda", True, {}), ("auto", True, "cpu", True, {}), ("auto", True, "cuda", False, {}),
        ("auto", True, "cuda", True, {"attn_implementation": "flash_attention_2"}),
        ("eager", False, "cpu", False, {"attn_implementation": "eager"}),
    ],
)  # fmt: skip
def test_attention(
    monkeypatch: pytest.MonkeyPatch, wanted: str, packing: bool, device: str, installed: bool, gives: dict[str, str]
):  # fmt: skip
    """What is named; else torch's own, and for packed rows on a GPU flash attention where it is installed."""
    monkeypatch.setattr(arguments, "find_spec", lambda name: object() if installed else None)
    assert arguments.attention({"attention": wanted, "packing": packing}, device) == gives


def test_attention_of_gpus_is_refused_on_a_cpu():
    """Instead of a traceback of its kernels."""
    with pytest.raises(BadInput, match=r"cluster.attention='flash_attention_2' is for GPUs"):
        arguments.attention({"attention": "flash_attention_2", "packing": False}, "cpu")


@pytest.mark.slow
def test_gradients_of_processes_are_added_up_in_float32():
    """What accelerate takes for bf16 is bf16 throughout; without mixed precision there is nothing to change."""
    import torch
    from torch.distributed.fsdp import MixedPrecisionPolicy

    from ot_grid.stages.training.sft import reduce_in_float32

    plugin = SimpleNamespace(mixed_precision_policy=MixedPrecisionPolicy(torch.bfloat16, torch.bfloat16))
    reduce_in_float32(plugin)
    policy = plugin.mixed_precision_policy
    assert (policy.param_dtype, policy.reduce_dtype) == (torch.bfloat16, torch.float32)
    plugin.mixed_precision_policy = None
    reduce_in_float32(plugin)
    assert plugin.mixed_precision_policy is None


@pytest.mark.slow
def test_tied_weights_stay_one_in_bfloat16():
    """Half the bytes, and what shares memory is converted once."""
    import torch

    from ot_grid.stages.training.sft import halved

    words = torch.ones(4, 2)
    made = halved({"words": words, "head": words, "other": torch.ones(4, 2), "steps": torch.ones(1, dtype=torch.int64)})
    assert made["words"] is made["head"]
    assert made["other"] is not made["words"]
    assert [str(weight.dtype) for weight in made.values()] == ["torch.bfloat16"] * 3 + ["torch.int64"]
