"""A module as those see it who look for what comes near an agent."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import cast

from ..message_taker import takes_messages
from ..protocol.messages import ModuleLoad, Place
from .code_frame import Located, ReadText, locate
from .factory_form import factory_form
from .no_pick import Exports, declaration_of
from .outline import Built, Outline
from .started import calls_of, script_value


@dataclass(frozen=True)
class Seen:
    """What it exports, and its source."""

    exports: Exports
    load: ModuleLoad
    read: ReadText
    outline: Outline

    def place(self, name: str) -> Place | None:
        """Where a name is declared."""
        return declaration_of(name, self.load, self.read)

    def located(self, name: str | None = None) -> Located:
        """The place of a name with the lines around it; the file alone without one."""
        place = self.place(name) if name else None
        return locate(self.load["entry"], place, self.read)

    def located_at(self, line: int) -> Located:
        """A line with those around it."""
        return locate(self.load["entry"], {"line": line, "column": 1}, self.read)

    def call_as_agent(self, name: str) -> str | None:
        """Code that makes an agent as the file's own call of this function or class does; None where it has none."""
        for call, inside in calls_of(self.outline, name):
            if not inside and script_value(call, self.outline) is None:
                continue
            code = factory_form(Built(None, call, inside), self.outline).code
            if code is None or (code.startswith("def build_agent") and name == "build_agent"):
                continue
            return code
        return None


def required_parameters(function: object) -> list[str]:
    """Names of the parameters that have no default; none where they cannot be told."""
    try:
        parameters = inspect.signature(cast("type", function)).parameters.values()
    except (TypeError, ValueError):
        return []
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is inspect.Parameter.empty and parameter.kind not in optional
    ]


def method_takes_messages(holder: type, name: str) -> bool:
    """True where instances have this method and a request can be given to it."""
    method = getattr(holder, name, None)
    return inspect.isfunction(method) and takes_messages(method.__get__(object()))
