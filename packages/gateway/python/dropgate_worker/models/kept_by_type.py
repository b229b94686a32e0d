"""What was found out about types, kept for the next time."""

from collections.abc import Callable
from typing import Any, TypeVar

# Of types whose answers are kept; some are made anew at each call.
_MAX_KEPT = 1000

_Answer = TypeVar("_Answer")


def kept_by_type(find: Callable[[Any], _Answer]) -> Callable[[Any], _Answer]:
    """
    The function, which finds it out once. By the id of a type, which is kept with it: the hash of a long union takes
    longer than most of what is saved.
    """
    known: dict[int, tuple[Any, _Answer]] = {}

    def look_up(type_: Any) -> _Answer:
        found = known.get(id(type_))
        if found is None:
            if len(known) >= _MAX_KEPT:
                known.clear()
            found = known[id(type_)] = type_, find(type_)
        return found[1]

    return look_up
