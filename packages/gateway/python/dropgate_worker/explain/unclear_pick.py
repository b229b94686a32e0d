"""Says which agent of several was chosen, or why none could be, and the line that makes the choice."""

from __future__ import annotations

import ast
import difflib
import os
from dataclasses import dataclass
from typing import cast

from ..agent_shape import is_agent
from ..protocol.messages import Finding, ModuleLoad, Place
from .code_frame import ReadText, locate
from .factory_form import FactoryForm, factory_form
from .no_pick import Exports, Nearest, NoPick, declaration_of
from .outline import Built, outline_of


def explain_choice(
    name: str, line: int, metadata: object, load: ModuleLoad, read: ReadText
) -> Finding:
    """Worth knowing: of several agents the one is served that the file starts."""
    file = os.path.basename(load["entry"])
    add = (
        f'`__gateway__ = {{"agent": "{name}"}}`'
        if metadata is None
        else f'`"agent": "{name}"` to `__gateway__`'
    )
    return {
        "stage": "export",
        "code": "agent_chosen",
        "severity": "info",
        "message": f"`{name}` is served: {file} starts it in line {line}.",
        **locate(load["entry"], declaration_of(name, load, read), read),
        "hint": f"To make that explicit, add {add}.",
    }


@dataclass(frozen=True)
class InnerAgent:
    """The agent that a file starts and builds inside a function, and the factory that is written for it."""

    name: str
    # Name of the function; None for the top level.
    function: str | None
    # Where it is started.
    line: int
    # Statements that bind `build_agent`, or `agent`.
    code: str


def explain_inner_choice(inner: InnerAgent, load: ModuleLoad, read: ReadText) -> Finding:
    """Worth knowing: the agent that is served is built inside a function, which does not run."""
    file, line = os.path.basename(load["entry"]), inner.line
    where = f"inside `{inner.function}`" if inner.function else "where it runs it"
    return {
        "stage": "export",
        "code": "agent_chosen",
        "severity": "info",
        "message": f"`{inner.name}` is served: {file} builds it {where}, and starts it in line {line}.",
        **locate(load["entry"], {"line": line, "column": 1}, read),
        "hint": f"It is built by the lines that it needs. To make that explicit, add:\n\n{inner.code}",
    }


def several_agents(no_pick: NoPick, _exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    """Several agents, and nothing says which."""
    names = ", ".join(f"`{name}`" for name in no_pick.names)
    first = no_pick.names[0]
    agents = f"{load['modulePath']} has {len(no_pick.names)} agents ({names})"
    lines = cast("dict[str, int]", no_pick.value or {})
    likely = f", likely `{first}`, which line {lines[first]} starts" if first in lines else ""
    return (
        "several_agents",
        f"{agents}, and none of them hands off to all others.",
        f"Name the one to serve{likely}: `agent = {first}`.",
        declaration_of(first, load, read),
    )


def named_agent_missing(
    no_pick: NoPick, exports: Exports, load: ModuleLoad, _read: ReadText
) -> Nearest:
    """`__gateway__.agent` names nothing that can be served."""
    name, file = no_pick.names[0], os.path.basename(load["entry"])
    agents = [key for key, value in exports.items() if is_agent(value)]
    near = difflib.get_close_matches(name, agents, len(agents) or 1, 0)
    said = f'`__gateway__.agent` names "{name}", but {file} has no agent of that name at its top level.'
    hint = "Build it at the top level."
    if near:
        hint = f"Use {'one of ' if near[1:] else ''}{', '.join(f'`{key}`' for key in near)}."
    return "named_agent_missing", said, hint, None


def agent_in_function(
    no_pick: NoPick, _exports: Exports, load: ModuleLoad, read: ReadText
) -> Nearest:
    """The agent that the file starts is built inside a function, or in the call that starts it."""
    return explain_inner(cast("Built", no_pick.value), load, read)


def explain_inner(built: Built, load: ModuleLoad, read: ReadText) -> Nearest:
    """How an agent that is built inside a function gets to where it can be served."""
    file, line = os.path.basename(load["entry"]), built.call.lineno
    form = factory_form(built, outline_of(read(load["entry"])))
    place: Place = {"line": line, "column": built.call.col_offset + 1}
    if built.name is None and not form.needs:
        said = f"An agent is built inside the call that runs it, in line {line} of {file}."
        hint = f"Give it a name at the top level, and run that:\n\n{form.code}"
        return "agent_inline", said, hint, place
    shown = f"`{built.name}`" if built.name else "An agent"
    where = f"`{built.inside[-1].name}` of {file} (line {line})" if built.inside else file
    if not form.needs:
        said = f"{shown} is built inside {where}."
        hint = f"Build it at the top level of the module:\n\n{form.code}"
        return "agent_not_exported", said, hint, place
    needs = _joined(form.needs)
    are = "is" if len(form.needs) == 1 else "are"
    said = f"{shown} is built inside {where} and needs {needs}, which there {are} only inside."
    return "agent_in_function", said, _factory_hint(built, form), place


def _factory_hint(built: Built, form: FactoryForm) -> str:
    if form.code:
        return f"Build it in a factory that makes them too; add:\n\n{form.code}"
    called = ast.unparse(built.call.func)
    return (
        "Build it in a factory that makes them too, and is called with nothing: "
        f"`def build_agent(): …; return {called}(…)`."
    )


def _joined(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if shown[1:] else shown[0]
