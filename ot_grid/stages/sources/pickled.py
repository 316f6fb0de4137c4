"""One string out of packed data: base64 of zlib of a pickle that holds nothing but a string.

One idea: the pickle is taken apart and never loaded, so what it could call is never called. It must not import pickle.
"""

from __future__ import annotations

import base64
import binascii
import pickletools
import zlib
from typing import Any

from ot_grid.errors import BadInput

LARGEST = 512 * 2**20  # bytes that packed data may grow to
STRINGS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
AROUND = {"PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "STOP"}


def unpacked(packed: str) -> str:
    """Return the string that was packed; raise `BadInput` for anything that is not one."""
    try:
        return _string(_inflated(base64.b64decode(packed, validate=True)))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise BadInput(f"packed data cannot be read: {error}; download it again") from error


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    inflated = stream.decompress(data, LARGEST)
    if stream.unconsumed_tail:
        raise BadInput(f"packed data grows beyond {LARGEST} bytes; it is refused")
    if not stream.eof:
        raise BadInput("packed data ends too early; download it again")
    return inflated


def _string(data: bytes) -> str:
    strings: list[Any] = []
    end: int | None = None
    for opcode, argument, position in pickletools.genops(data):
        end = position
        if opcode.name in STRINGS:
            strings.append(argument)
        elif opcode.name not in AROUND:
            raise BadInput(f"packed data holds more than a string (opcode {opcode.name}); it is refused, not loaded")
    if len(strings) != 1 or end != len(data) - 1:
        raise BadInput(f"packed data holds {len(strings)} strings and bytes after them; it must be one string")
    text = str(strings[0])
    text.encode()  # a lone surrogate is no text: UnicodeEncodeError is a ValueError
    return text
