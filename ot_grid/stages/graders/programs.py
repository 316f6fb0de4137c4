"""The program in a reply.

One idea: the last fenced block after the thinking is the program; text without a fence is one only if it is Python
that does something. It must not guess among several, nor run anything.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings

from ot_grid.stages.graders import after_thinking

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([\w+.#-]*)[^\n`]*$")
PYTHON = ("python", "py", "python3")
LONGEST = 200_000  # characters that are compiled here, and not in the sandbox


def extract(response: str, before: str = "") -> str | None:
    """Return the program of a reply: of the last block marked as Python, or else of the last without a mark."""
    reply = after_thinking(response)
    blocks, unclosed = fenced(reply)
    for marks in (PYTHON, ("",)):
        found = [text for mark, text in blocks if mark.lower() in marks]
        rest = [text for mark, text in unclosed if mark.lower() in marks and does_something(text, before)]
        if found or rest:
            return (rest or found)[-1]
    if blocks or unclosed:
        return None
    return reply if does_something(reply, before) else None


def fenced(text: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the (mark, text) of all closed blocks, and of the one that the end of the text cuts off."""
    blocks: list[tuple[str, str]] = []
    opened: tuple[str, str, str] | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        found = _FENCE.match(line.rstrip("\r"))
        if opened is None:
            opened, lines = ((found[1], found[2], found[3]) if found else None), []
        elif found and not found[3] and found[2].startswith(opened[1]):
            blocks.append((opened[2], _unindented(lines, opened[0])))
            opened = None
        else:
            lines.append(line)
    return blocks, [(opened[2], _unindented(lines, opened[0]))] if opened else []


def _unindented(lines: list[str], indent: str) -> str:
    return "\n".join(line.removeprefix(indent) for line in lines)


def does_something(text: str, before: str = "") -> bool:
    """Whether a text is Python that defines or does something; plain words, such as Yes, are Python too."""
    tree = parsed(text) if not before else parsed(text) or parsed(continued(before, text))
    return tree is not None and any(
        not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call) for node in tree.body
    )


def parsed(text: str) -> ast.Module | None:
    """Return the syntax tree of a text; None: it is no Python, or too long to look at."""
    if len(text) > LONGEST:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def completed(code: str, before: str, entry: str | None) -> str:
    """Return a whole program: code that defines `entry` behind what `before` holds, other code as its continuation."""
    if not before:
        return code
    tree = parsed(code)
    if tree and entry in {getattr(node, "name", None) for node in tree.body}:
        heads = (before, before + "\n    pass\n")
        return next((f"{head}\n\n{code}" for head in heads if parsed(head)), code)
    return continued(before, code)


def continued(before: str, code: str) -> str:
    """Return a prompt with its continuation, indented when it is Python only so."""
    code = code if before.endswith("\n") or code.startswith("\n") else "\n" + code
    indented = before + textwrap.indent(code, "    ")
    return indented if parsed(before + code) is None and parsed(indented) else before + code


def shown(code: str, most: int = 2000) -> str:
    """Return a program as it is kept in a record."""
    text = code.encode("utf-8", "backslashreplace").decode()
    note = f"\n... ({len(text)} characters)"
    return text if len(text) <= most else text[: most - len(note)] + note
