"""Places in a text, and the lines around one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from ..protocol.messages import Place

if TYPE_CHECKING:
    from typing_extensions import NotRequired

# Gives the text of a file of the author's; empty where it cannot be read.
ReadText = Callable[[str], str]


class Located(TypedDict):
    """Where a finding points, as far as it is known."""

    file: str
    line: NotRequired[int]
    column: NotRequired[int]
    frame: NotRequired[str]


def locate(file: str, place: Place | None, read: ReadText) -> Located:
    """A place with the lines around it; the file alone where none is known."""
    if not place:
        return {"file": file}
    line, column = place["line"], place["column"]
    located: Located = {"file": file, "line": line, "column": column}
    text = read(file)
    return {**located, "frame": code_frame(text, line, column)} if text else located


def code_frame(text: str, line: int, column: int) -> str:
    """The line with two around it, numbered, and a mark under the column (both count from 1)."""
    lines = text.splitlines()
    first, last = max(1, line - 2), min(len(lines), line + 2)
    width = len(str(last))
    frame: list[str] = []
    for number in range(first, last + 1):
        mark = ">" if number == line else " "
        frame.append(f"{mark} {number:>{width}} | {lines[number - 1]}".rstrip())
        if number == line:
            frame.append(f"  {' ' * width} | {' ' * (column - 1)}^")
    return "\n".join(frame)


def place_of(text: str, pattern: str) -> Place | None:
    """`line` and `column` where the first match begins; None where there is none."""
    match = re.search(pattern, text, re.MULTILINE)
    if not match:
        return None
    before = text[: match.start()].split("\n")
    return {"line": len(before), "column": len(before[-1]) + 1}
