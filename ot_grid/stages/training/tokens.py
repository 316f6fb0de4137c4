"""The file of tokens that a training reads: written once, on CPUs, and mapped into the memory of every process.

One idea: Arrow's own form of a stream, so that no process reads more of it than the rows it trains, and none copies
them. It must not tokenize.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ot_grid import tables

FILE = "tokens.arrow"
PROMPT_TOO_LONG = "prompt alone as long as train.max_length"  # why a row has none
Row = tuple[list[int], list[int]]  # the tokens of a row, and their labels


@contextmanager
def writing(path: Path) -> Iterator[Callable[[Sequence[Row]], None]]:
    """Hand out a function that adds rows to a file, as a batch of their own."""
    import pyarrow as pa

    numbers = pa.list_(pa.int32())
    schema = pa.schema([("input_ids", numbers), ("labels", numbers)])

    def add(rows: Sequence[Row]) -> None:
        columns = [pa.array(column, numbers) for column in zip(*rows, strict=True)]
        stream.write_batch(pa.record_batch(columns, schema))

    with tables.writing(path) as file, pa.ipc.new_stream(file, schema) as stream:
        yield add


def load(path: Path) -> Any:
    """Return the rows of a file as a `datasets.Dataset` that is mapped into memory."""
    from datasets import Dataset

    return Dataset.from_file(str(path))


def lengths(dataset: Any) -> Any:
    """Return how many tokens each row of a dataset has, as a numpy array; reads no tokens."""
    import numpy as np
    import pyarrow.compute as pc

    chunks = dataset.data.column("input_ids").chunks
    return np.concatenate([pc.list_value_length(chunk).to_numpy() for chunk in chunks])
