"""Rows of text become the tokens that are trained, and the mask of those that count.

One idea: each row is rendered as evaluation will render it, and looked at before anything is trained: its reply stands
in it whole, the prompt is a beginning of it, and it ends a turn. A template that breaks any of that is refused with its
way out. It must not load weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput, nearest

TEMPLATES = Path(__file__).parent / "templates"  # of the common families, which keep a reply whole
SHOWN = 60
MARK = "0a1b2c3d"  # stands for what an assistant says
Messages = Sequence[Mapping[str, str]]


@dataclass
class Encoded:
    """The rows that are trained: tokens, 1 where a token counts; and what became of the others."""

    input_ids: list[list[int]] = field(default_factory=list)
    completion_mask: list[list[int]] = field(default_factory=list)
    cut: int = 0  # rows longer than the limit, of which the end is not trained
    dropped: int = 0  # rows of which nothing to train would be left


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


def encode(rows: Iterable[Mapping[str, Any]], tokenizer: Any, max_length: int) -> Encoded:
    """Return rows (prompt, completion, ended) as tokens, at most `max_length` of each; raise `BadInput` for none.

    A row whose reply was cut (`ended` is false) gets no end of a turn: it would teach one that was not there.
    """
    made = Encoded()
    for row in rows:
        before, after = _rendered(tokenizer, row["prompt"], row["completion"], ended=row.get("ended", True))
        ids = [_ids(tokenizer, part) for part in (before, after)]
        whole, mask = [*ids[0], *ids[1]], [0] * len(ids[0]) + [1] * len(ids[1])
        if len(ids[0]) >= max_length:
            made.dropped += 1
            continue
        made.cut += len(whole) > max_length
        made.input_ids.append(whole[:max_length])
        made.completion_mask.append(mask[:max_length])
    if not made.input_ids:
        raise BadInput(
            f"train.max_length={max_length} leaves nothing to train of {made.dropped} rows: their prompts alone are "
            "that long; raise it, or filter questions by length"
        )
    return made


def _rendered(tokenizer: Any, prompt: Messages, completion: Messages, *, ended: bool) -> tuple[str, str]:
    """Return what evaluation sends, and what follows it in training; raise `BadInput` where they do not fit."""
    asked = str(tokenizer.apply_chat_template(list(prompt), tokenize=False, add_generation_prompt=True))
    whole = str(tokenizer.apply_chat_template([*prompt, *completion], tokenize=False))
    reply = str(completion[-1]["content"]).strip()
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
    if not _ends_turn(tokenizer, end):
        raise BadInput(
            f"the student's chat template ends a reply with {_short(end)}, which is no token that ends a turn, so the "
            f"student would never learn to stop; {_way_out()}"
        )
    return asked, (whole if ended else whole[: at + len(reply)])[len(asked) :]


def end_of_turn(tokenizer: Any) -> int | None:
    """Return the token with which the template ends a turn of the assistant."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": MARK}]
    end = str(tokenizer.apply_chat_template(turns, tokenize=False)).rpartition(MARK)[2]
    return _ids(tokenizer, end.lstrip())[0] if _ends_turn(tokenizer, end) else None


def _ends_turn(tokenizer: Any, end: str) -> bool:
    """Whether a text begins, after white space, with a token that is special."""
    ids = _ids(tokenizer, end.lstrip())
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return bool(ids) and ids[0] in special | {tokenizer.eos_token_id}


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _way_out() -> str:
    return (
        f"set train.template to that of its family ({', '.join(names())}) or to a file: training and evaluation use it"
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} ... {text[-SHOWN // 2 :]}")
