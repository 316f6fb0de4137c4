"""The program in a reply.

One idea: the last fenced block after the thinking is the program, or the last that defines what the tests call, as a
solution is often followed by a block that uses it; text without a fence is one only if it is Python that does
something. It must not put several together, nor run anything.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Collection

from ot_grid.grading import after_thinking

_LIST = r"(?:[-*+]|[0-9]{1,3}[.)])[ \t]+"
_FENCE = re.compile(rf"^((?:[ \t]*{_LIST})*[ \t]*)(`{{3,}}|~{{3,}})[ \t]*([\w+.#-]*)[^\n`]*$")
_AFTER_WORDS = re.compile(r"^([ \t]*)[^ \t>`~][^`~]*?(`{3,}|~{3,})[ \t]*([\w+.#-]+)[ \t]*$")  # Answer: ```python
_CLOSING = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*$")
DEEPER = 3  # columns that a closing fence may be indented more than its opening
PYTHON = ("python", "py", "python3")
LONGEST = 200_000  # characters that are compiled here, and not in the sandbox


def extract(response: str, before: str = "", names: Collection[str] = ()) -> str | None:
    """Return the program of a reply: of the last block marked as Python, or else of the last without a mark.

    Where `names` are to be defined, a block that defines most of them goes before one that comes after it.
    """
    reply = after_thinking(response)
    blocks, unclosed = fenced(reply)
    kinds = []
    for marks in (PYTHON, ("",)):
        programs = [text for mark, text in blocks if mark.lower() in marks]
        rest = [text for mark, text in unclosed if mark.lower() in marks and does_something(text, before)]
        kinds.append(programs + rest)
    for programs in kinds:
        most = max((_defined(text, names) for text in programs), default=0)
        if most:
            return [text for text in programs if _defined(text, names) == most][-1]
    if any(kinds):
        return (kinds[0] or kinds[1])[-1]
    if blocks or unclosed:
        return None
    return reply if does_something(reply, before) else None


def _defined(text: str, called: Collection[str]) -> int:
    """Return how many of some names a text defines at its top; of text that is no Python, by its looks."""
    tree = parsed(text) if called else None
    if tree is None:
        return sum(bool(re.search(rf"^(?:async +def|def|class) +{re.escape(name)}\b", text, re.M)) for name in called)
    names = {getattr(node, "name", None) for node in tree.body}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return len(names & set(called))


def fenced(text: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the (mark, text) of all closed blocks, and of the one that the end of the text cuts off."""
    blocks: list[tuple[str, str]] = []
    opened: tuple[str, str, str] | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.rstrip("\r")
        if opened is None:
            found = _FENCE.match(bare) or _AFTER_WORDS.match(bare)
            opened, lines = ((re.sub(r"\S", " ", found[1]), found[2], found[3]) if found else None), []
        elif _closes(bare, opened):
            blocks.append((opened[2], _unindented(lines, opened[0])))
            opened = None
        else:
            lines.append(line)
    return blocks, [(opened[2], _unindented(lines, opened[0]))] if opened else []


def _closes(line: str, opened: tuple[str, str, str]) -> bool:
    """Whether a line is the closing fence of a block; one that is indented as code in it is not."""
    found = _CLOSING.match(line)
    return bool(found and found[2].startswith(opened[1]) and _columns(found[1]) <= _columns(opened[0]) + DEEPER)


def _columns(indent: str) -> int:
    return len(indent.expandtabs(4))


def _unindented(lines: list[str], indent: str) -> str:
    """Return the text of a block; one in a list may be indented with it, or not."""
    first = next((line for line in lines if line.strip()), "")
    return "\n".join(line.removeprefix(indent) if first.startswith(indent) else line for line in lines)


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
