"""In which order rows are trained, so that no process waits for another one's long row.

One idea: rows are shuffled, cut into the batches of a step, and within a batch sorted by length. The rows of a step, so
its gradient, are those of the shuffle; but processes that work at the same moment have rows that are about as long.
It must not load torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

Lengths = Sequence[int] | np.ndarray


class Dealt:
    """The order of rows in each epoch, as a sampler of torch.

    >>> dealt = Dealt([9, 1, 5, 7, 3, 8], batch=4, seed=1)
    >>> list(dealt), [int(dealt.lengths[row]) for row in dealt]
    ([0, 2, 4, 1, 5, 3], [9, 5, 3, 1, 8, 7])
    """

    def __init__(self, lengths: Lengths, *, batch: int, seed: int) -> None:
        self.lengths = np.asarray(lengths, dtype=np.int64)
        self.batch, self.seed, self.epoch = batch, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Take the order of another epoch; also called by the data loader."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        shuffled = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.lengths))
        for start in range(0, len(shuffled), self.batch):
            rows = shuffled[start : start + self.batch]
            yield from rows[np.argsort(-self.lengths[rows], kind="stable")].tolist()
