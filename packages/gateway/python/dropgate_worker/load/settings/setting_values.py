"""Reads the values that `__gateway__` can have. Each function raises BadValue for what it cannot take."""

import re
from collections.abc import Callable
from typing import cast

# Beyond it JSON of other languages is not exact.
_MOST = 2**53 - 1


class BadValue(Exception):
    """The field cannot have this value."""


def text(value: object) -> str:
    """A text that is not empty, without blanks around it."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise BadValue


def texts(value: object) -> list[str]:
    """A list of such texts."""
    return [text(item) for item in items(value)]


def items(value: object) -> list[object]:
    """What a list or tuple holds."""
    if isinstance(value, (list, tuple)):
        return list(cast("list[object]", value))
    raise BadValue


def whole_number(value: object) -> int:
    """A whole number from 1, as large as the gateway can count."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and 1 <= cast("int", value) <= _MOST:
        return cast("int", value)
    raise BadValue


def true_or_false(value: object) -> bool:
    """A bool itself: no number stands for one."""
    if isinstance(value, bool):
        return value
    raise BadValue


def dollars(value: object) -> float:
    """US dollars, a millionth at least."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0.000001 <= cast("float", value) <= 1_000_000:
        return cast("float", value)
    raise BadValue


def whole_number_or_none(value: object) -> int:
    """A whole number from 1, or 0."""
    return 0 if value == 0 and not isinstance(value, bool) else whole_number(value)


def one_of(*names: str) -> Callable[[object], str]:
    """Parses one of these names."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value in names:
            return value
        raise BadValue

    return parse


def list_of(*names: str) -> Callable[[object], list[str]]:
    """Parses a list of these names."""
    parse_item = one_of(*names)

    def parse(value: object) -> list[str]:
        return [parse_item(item) for item in items(value)]

    return parse


def camel_case(name: str) -> str:
    """`max_turns` as `maxTurns`."""
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)


def snake_case(name: str) -> str:
    """`maxTurns` as `max_turns`."""
    return re.sub(r"[A-Z]", lambda match: f"_{match.group(0).lower()}", name)
