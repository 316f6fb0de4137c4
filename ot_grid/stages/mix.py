"""The mix stage: one pool of questions from several sources.

One idea: the order is made once and the pool is its beginning, so a larger pool contains the smaller. It must not
decide which sources take part; the plan does.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ot_grid import key, tables
from ot_grid.config import Weights
from ot_grid.errors import BadInput
from ot_grid.registry import register
from ot_grid.rows import Question
from ot_grid.stages import bind
from ot_grid.stages.work import Work

VERSION = 1


@register("mix")
def share(sources: Sequence[Sequence[Question]], *, weights: Weights) -> Iterator[Question]:
    """Yield the questions of all sources, `equal` parts of each or in proportion to their `size`.

    Each source is shuffled by its questions' own seeds; the Sainte-Lague divisors interleave them, so that every
    beginning of the sequence has the shares. A source that runs out leaves its part to the others.
    """
    shuffled = [sorted(source, key=lambda question: key.fraction("mix", question.row)) for source in sources]
    taken = [0] * len(shuffled)
    for _ in range(sum(map(len, shuffled))):
        left = [index for index, source in enumerate(shuffled) if taken[index] < len(source)]
        parts = {index: len(shuffled[index]) if weights == "size" else 1 for index in left}
        index = max(left, key=lambda i: (parts[i] / (2 * taken[i] + 1), -i))
        yield shuffled[index][taken[index]]
        taken[index] += 1


def run(work: Work) -> dict[str, Any]:
    """Write the first `pool` questions of the mix to `data/questions.parquet`."""
    pool = work.reads["pool"]
    sources = [tables.read_questions(artifact) for artifact in work.inputs]
    available = sum(map(len, sources))
    questions: list[Question] = list(itertools.islice(bind.call("mix", work.reads["mix"], sources), pool))
    if not questions:
        raise BadInput(
            f"mix: pool={pool!r} of {available} questions from {len(sources)} sources is empty; raise scale.pool"
        )
    if len(questions) < pool:
        work.log["warnings"] = [f"the pool holds {len(questions)} of {pool} questions: the sources have no more"]
    tables.write_dropped(work.out, [])
    return {
        "questions": tables.write_questions(work.out, questions),
        "available": available,
        "by_source": dict(sorted(Counter(question.source for question in questions).items())),
    }
