"""Prompts as a model sees them: its chat template, its tokens, its context.

One idea: both engines render and count with the same tokenizer, so they agree on what was asked. It must not load
weights.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput

MARK = "0a1b2c3d"  # stands for what an assistant says
TAG = re.compile("think|thought|reason|solution|answer", re.IGNORECASE)  # of special tokens that are part of a reply


class Template:
    """The tokenizer and chat template in a model's folder."""

    def __init__(self, folder: Path, settings: Mapping[str, Any] | None = None) -> None:
        from transformers import AutoTokenizer

        self.folder, self.settings = folder, dict(settings or {})  # of the chat template, e.g. enable_thinking
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.context = _context(folder)
        added = self.tokenizer.added_tokens_decoder.items()
        self.special = {number for number, token in added if token.special}
        self.tags = {number: token.content for number, token in added if token.special and TAG.search(token.content)}

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return messages as text, up to where the reply begins; no system message is added to those given."""
        if not self.tokenizer.chat_template:
            raise BadInput(
                f"the model in {str(self.folder)!r} has no chat template; choose an instruct model, or save one with "
                "its tokenizer (chat_template.jinja)"
            )
        chat = [dict(message) for message in messages]
        return str(
            self.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True, **self.settings)
        )

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return token ids, none added; raise `BadInput` when a prompt leaves no room for a reply."""
        ids = self._ids(texts)
        too_long = [index for index, row in enumerate(ids) if self.room(len(row)) < 1]
        if too_long:
            raise BadInput(*(self._too_long(texts[index], len(ids[index])) for index in too_long[:3]))
        return ids

    def rooms(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        """Return of each text how many tokens it has, and how many a reply to it may have."""
        return [(len(row), self.room(len(row))) for row in self._ids(texts)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of a reply: without the tokens that steer a chat, with those that tell thought from answer.

        In some models `<think>` is a token like that of the end, which decoding would drop.
        """
        text, start = "", 0
        for index, token in enumerate(ids):
            if token in self.tags:
                text += self._plain(ids[start:index]) + self.tags[token]
                start = index + 1
        return text + self._plain(ids[start:])

    def _plain(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def ends(self) -> list[int]:
        """Return the tokens that end a turn of the assistant as the template writes it; none where it writes none."""
        if not self.tokenizer.chat_template:
            return []
        turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": MARK}]
        behind = str(self.tokenizer.apply_chat_template(turns, tokenize=False, **self.settings)).rpartition(MARK)[2]
        ids = self._ids([behind])[0]
        return ids[:1] if ids and ids[0] in self.special else []

    def length(self, text: str) -> int:
        """Return how many tokens a text has, whether or not it leaves room for a reply."""
        return len(self._ids([text])[0])

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return ids

    def room(self, prompt_tokens: int) -> int:
        """Return how many tokens a reply to a prompt of this length may have."""
        return self.context - prompt_tokens

    def _too_long(self, text: str, length: int) -> str:
        return (
            f"a prompt has {length} tokens, but the model in {str(self.folder)!r} reads {self.context} with its reply; "
            f"filter questions by length, or choose a model with a longer context (the prompt begins {text[:80]!r})"
        )


def _context(folder: Path) -> int:
    config = _config(folder)
    for name in ("max_position_embeddings", "n_positions", "max_sequence_length"):
        if isinstance(config.get(name), int):
            return int(config[name])
    return 1 << 30  # no limit is known: a recurrent model, say


def _config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return {**config, **(config.get("text_config") or {})}  # multimodal models keep it one level down
