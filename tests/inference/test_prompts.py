"""How a template ends a turn, and which of a reply's tokens are text: with real tokenizers of several families."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ot_grid.inference.prompts import Template
from ot_grid.rows import Reply, split_thinking

pytestmark = pytest.mark.slow  # transformers loads torch

TEXT = "<think>\nMaybe \\boxed{3}? No.\n</think>\n\nIt is \\boxed{4}.<|im_end|>"


def changed(smollm2: Path, folder: Path, **files: dict[str, object]) -> Path:
    """Copy a model without its weights, with other values in some of its JSON files."""
    shutil.copytree(smollm2, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    for name, values in files.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return folder


def with_special_tags(smollm2: Path, folder: Path) -> Path:
    """Make `<think>` and `</think>` special tokens, as some models have them."""
    changed(smollm2, folder)
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    old = [token["content"] for token in tokenizer["added_tokens"]][3:5]
    for token in tokenizer["added_tokens"]:
        if token["content"] in old:
            token.update(content=("<think>", "</think>")[old.index(token["content"])], special=True)
    vocabulary = tokenizer["model"]["vocab"]
    for name, tag in zip(old, ("<think>", "</think>"), strict=True):
        if name in vocabulary:
            vocabulary[tag] = vocabulary.pop(name)
    path.write_text(json.dumps(tokenizer))
    return folder


def test_tags_survive_decoding_also_where_they_are_special_tokens(smollm2: Path, tmp_path: Path):
    """The end of the turn is dropped, what tells thought from answer is not."""
    for folder in (smollm2, with_special_tags(smollm2, tmp_path / "special")):
        template = Template(folder)
        text = template.decode(template.tokens([TEXT])[0])
        assert text == TEXT.removesuffix("<|im_end|>")
        assert split_thinking(Reply("k", text, "stop", 1, 1)) == ("Maybe \\boxed{3}? No.", "It is \\boxed{4}.")


def test_a_turn_ends_where_the_template_ends_it(smollm2: Path, tmp_path: Path):
    """Whatever the tokenizer calls its end: a base model has a chat template and another end token."""
    base = changed(
        smollm2, tmp_path / "base", tokenizer_config={"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    )
    for folder in (smollm2, base):
        template = Template(folder)
        assert template.tokenizer.convert_ids_to_tokens(template.ends()) == ["<|im_end|>"]


def test_a_template_without_an_end_names_none(smollm2: Path):
    """Plain text behind a reply is no token to stop at."""
    template = Template(smollm2)
    template.tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    assert template.ends() == []
    template.tokenizer.chat_template = None
    assert template.ends() == []
