"""Rows of text become the tokens that are trained, and the mask of those that count.

One idea: each row is rendered as evaluation will render it, and looked at before anything is trained: its reply stands
in it whole, the prompt is a beginning of it, and it ends a turn. A template that breaks any of that is refused with its
way out. It must not load weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput, nearest

TEMPLATES = Path(__file__).parent / "templates"  # of the common families, which keep a reply whole
SHOWN = 60
MARK = "0a1b2c3d"  # stands for what an assistant says
Messages = Sequence[Mapping[str, str]]


NOT_TRAINED = -100  # the label of a token on which there is no loss


@dataclass
class Encoded:
    """Rows as they are trained: the tokens of each, and the labels, which are the tokens of the reply.

    A row whose prompt alone is as long as a row may be is None: nothing of it would be trained.
    """

    rows: list[tuple[list[int], list[int]] | None] = field(default_factory=list)
    cut: int = 0  # rows longer than the limit, of which the end is not trained


def template(name: str | None, tokenizer: Any) -> str:
    """Return the chat template to train with: one of ours, that of a file, or the tokenizer's own for None."""
    if name is None:
        if not tokenizer.chat_template:
            raise BadInput(f"the student has no chat template; {_way_out()}")
        return str(tokenizer.chat_template)
    if "{{" in name:  # the text of a file, which the recipe holds
        return name
    if name not in names():
        raise BadInput(f"train.template={name!r} is no template of ours and no file; {nearest(name, names())}")
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


def names() -> list[str]:
    """Return the names of our templates."""
    return sorted(path.stem for path in TEMPLATES.glob("*.jinja"))


def tokenizer_of(folder: Path, name: str | None) -> Any:
    """Return the tokenizer of a student with the chat template to train with."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template(name, tokenizer)
    return tokenizer


def encode(
    rows: Iterable[Mapping[str, Any]], tokenizer: Any, max_length: int, settings: Mapping[str, Any] | None = None
) -> Encoded:
    """Return rows (prompt, completion, ended) as tokens, at most `max_length` of each; tokenized all at once.

    `settings` are for the chat template, e.g. enable_thinking. A row whose reply was cut (`ended` is false) gets no end
    of a turn: it would teach one that was not there.
    """
    special = _special(tokenizer)
    write = partial(tokenizer.apply_chat_template, tokenize=False, **(settings or {}))
    parts = []
    for row in rows:
        asked = str(write(list(row["prompt"]), add_generation_prompt=True))
        whole = str(write([*row["prompt"], *row["completion"]]))
        reply = str(row["completion"][-1]["content"]).strip()
        parts.append(_split(asked, whole, reply, (tokenizer, special), ended=row.get("ended", True)))
    made = Encoded()
    before, after = (_many(tokenizer, texts) for texts in zip(*parts, strict=True)) if parts else ([], [])
    for prompt, answer in zip(before, after, strict=True):
        ids, labels = [*prompt, *answer], [NOT_TRAINED] * len(prompt) + answer
        made.cut += len(prompt) < max_length < len(ids)
        made.rows.append((ids[:max_length], labels[:max_length]) if len(prompt) < max_length else None)
    return made


def _split(asked: str, whole: str, reply: str, reader: tuple[Any, set[int]], *, ended: bool) -> tuple[str, str]:
    """Return what evaluation sends, and what follows it in training; raise `BadInput` where they do not fit."""
    at = whole.rfind(reply)
    if at < 0:
        raise BadInput(
            f"the student's chat template does not keep a reply whole: of {_short(reply)} it writes "
            f"{_short(whole[len(asked) :] if whole.startswith(asked) else whole[-2 * SHOWN :])}, so its thinking would "
            f"not be trained; {_way_out()}"
        )
    if not whole.startswith(asked):
        raise BadInput(
            f"the student's chat template writes another prompt in training than evaluation sends, which ends in "
            f"{_short(asked[-SHOWN:])}; {_way_out()}"
        )
    end = whole[at + len(reply) :]
    if not _ends_turn(*reader, end):
        raise BadInput(
            f"the student's chat template ends a reply with {_short(end)}, which is no token that ends a turn, so the "
            f"student would never learn to stop; {_way_out()}"
        )
    return asked, (whole if ended else whole[: at + len(reply)])[len(asked) :]


def end_of_turn(tokenizer: Any) -> int | None:
    """Return the token with which the template ends a turn of the assistant."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": MARK}]
    end = str(tokenizer.apply_chat_template(turns, tokenize=False)).rpartition(MARK)[2]
    return _ids(tokenizer, end.lstrip())[0] if _ends_turn(tokenizer, _special(tokenizer), end) else None


def _special(tokenizer: Any) -> set[int]:
    """Return the tokens that may end a turn."""
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return special | {tokenizer.eos_token_id}


def _ends_turn(tokenizer: Any, special: set[int], end: str) -> bool:
    """Whether a text begins, after white space, with a token that is special."""
    ids = _ids(tokenizer, end.lstrip())
    return bool(ids) and ids[0] in special


def _ids(tokenizer: Any, text: str) -> list[int]:
    return _many(tokenizer, [text])[0]


def _many(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return ids


def _way_out() -> str:
    return (
        f"set train.template to that of its family ({', '.join(names())}) or to a file: training and evaluation use it"
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} ... {text[-SHOWN // 2 :]}")
