"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, BROKEN = "ok", "warning", "broken"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    state: str  # ok, warning, broken
    what: str
    told: str

    def __str__(self) -> str:
        state = self.state.upper() if self.state == BROKEN else self.state
        return f"{state:<9}{self.what:<22} {self.told}"
