"""Rows of a hub dataset, or of a local file of the same form, and the questions that are made of them.

One idea: what is wrong with a row is told with the name of its table and its number. It must not know what a question
asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

from ot_grid.errors import BadInput, OtGridError
from ot_grid.rows import Question
from ot_grid.stages.sources.columns import held
from ot_grid.stages.sources.read import Cells, Placed, read

Make = Callable[[Cells], Question | None]


class Hub(TypedDict):
    """The settings of a source that name a dataset of the hub, or the local file that stands in for it."""

    id: str
    config: str | None
    split: str
    revision: str | None
    file: str | None


@dataclass(frozen=True)
class Table:
    """A dataset of the hub, or the local file that stands in for it; see `Hub`."""

    id: str
    config: str | None
    split: str
    revision: str | None
    file: str | None
    hub_files: tuple[str, ...] = ()  # of the dataset's repository, where they are read as they are and not by split

    @property
    def name(self) -> str:
        """What a message calls it."""
        return self.file or self.id

    def rows(self) -> Iterator[Placed]:
        """Yield the rows in the order of the data, each with its place."""
        if self.file:
            yield from read(Path(self.file))
            return
        try:
            yield from self._downloaded() if self.hub_files else self._streamed()
        except (OSError, ValueError) as error:
            raise OtGridError(
                f"cannot load {self.id!r} (config={self.config!r}, split={self.split!r}, revision={self.revision!r}) "
                f"from the hub: {error}; without a network give a local file of the same form: file=PATH"
            ) from error

    def _streamed(self) -> Iterator[Placed]:
        import datasets

        rows = datasets.load_dataset(self.id, self.config, split=self.split, revision=self.revision, streaming=True)
        for number, row in enumerate(rows, 1):
            yield f"row {number}", row

    def _downloaded(self) -> Iterator[Placed]:
        from huggingface_hub import hf_hub_download

        for name in self.hub_files:
            yield from read(Path(hf_hub_download(self.id, name, repo_type="dataset", revision=self.revision)))

    def questions(self, make: Make, unique: str | None = None) -> Iterator[Question]:
        """Yield what `make` makes of each row; nothing for None, and `BadInput` for rows that contradict each other.

        `unique` is a column that no two rows may share.
        """
        seen = _Seen()
        for place, row in self.rows():
            try:
                question = make(row)
                if question is not None:
                    seen.add(place, question, held(row, unique) if unique else None)
            except BadInput as error:
                raise located(self.name, place, error) from error
            except UnicodeEncodeError as error:
                raise BadInput(f"{self.name} {place} holds text that is no Unicode: {error}") from error
            if question is not None:
                yield replace(question, place=place)


def located(name: str, place: str, error: BadInput) -> BadInput:
    """Return the problems of a row with the name of its table and its place."""
    return BadInput(*(f"{name} {place}: {problem}" for problem in error.problems))


@dataclass
class _Seen:
    """The questions so far: by id of their row, and by text."""

    ids: dict[Any, str] = field(default_factory=dict)
    answers: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def add(self, place: str, question: Question, id: Any) -> None:
        """Note a question; raise `BadInput` where an earlier row has its id, or its text with another answer."""
        if id is not None and id in self.ids:
            raise BadInput(f"the id {id!r} is that of {self.ids[id]} too; keep one of them")
        self.ids[id] = place
        first, answer = self.answers.setdefault(question.id, (place, question.answer))
        if question.text and answer != question.answer:
            raise BadInput(f"the question of {first} with another answer: {question.text[:60]!r}; correct one")
