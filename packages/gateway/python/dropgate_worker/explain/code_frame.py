"""Places in a text, and the lines around one."""

import re


def code_frame(text: str, line: int, column: int | None) -> str:
    """The line with two around it, numbered, and a mark under the column (both count from 1)."""
    lines = text.splitlines()
    first, last = max(1, line - 2), min(len(lines), line + 2)
    width = len(str(last))
    frame = []
    for number in range(first, last + 1):
        mark = ">" if number == line else " "
        frame.append(f"{mark} {number:>{width}} | {lines[number - 1]}".rstrip())
        if number == line and column:
            frame.append(f"  {' ' * width} | {' ' * (column - 1)}^")
    return "\n".join(frame)


def place_of(text: str, pattern: str) -> dict | None:
    """`line` and `column` where the first match begins; None where there is none."""
    match = re.search(pattern, text, re.MULTILINE)
    if not match:
        return None
    before = text[: match.start()].split("\n")
    return {"line": len(before), "column": len(before[-1]) + 1}
