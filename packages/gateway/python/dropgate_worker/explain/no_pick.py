"""Why nothing of a module can be served, and what those who explain it share."""

import inspect
import re

from ..agent_shape import is_agent
from ..protocol.messages import ModuleLoad, Place
from .code_frame import ReadText, place_of

FACTORY_NAMES = ("build_agent", "buildAgent")

# Public names of a module, with what they hold.
Exports = dict[str, object]

# Code, message, hint, and the place where there is one.
Nearest = tuple[str, str, str, Place | None]


class NoPick(Exception):
    """
    Why no export could be picked: `none`, `several` (their names, likely ones first, and as value the lines that start
    some of them), `in_function` (as value the `Built` that the file starts), `named_missing` (the name),
    `empty_factory` (its name, and as value what it returned) or `hungry_factory` (its name and those of the parameters
    it requires).
    """

    def __init__(self, kind: str, names: list[str], value: object = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.names = names
        self.value = value


def kind_of(value: object) -> str:
    """What a value is, in words."""
    if is_agent(value):
        return "an agent"
    if isinstance(value, type):
        return "a class"
    if inspect.isroutine(value):
        return "a function"
    if value is None:
        return "None"
    return f"a {type(value).__name__}"


def declaration_of(name: str, load: ModuleLoad, read: ReadText) -> Place | None:
    """Where a name is declared at the top of the module."""
    pattern = rf"^(?:async def |def |class )?{re.escape(name)}\b"
    return place_of(read(load["entry"]), pattern)
