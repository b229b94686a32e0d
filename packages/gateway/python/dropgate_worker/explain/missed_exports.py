"""Says why nothing of a module can be served, what comes near, and the edit that fixes it."""

import inspect
import os
import re

from ..agent_shape import is_agent
from ..protocol import Finding, ModuleLoad, Place
from .code_frame import ReadText, locate, place_of

FACTORY_NAMES = ("build_agent", "buildAgent")

_MISNAMED_FACTORY = re.compile(r"^(build|make|create|get|new|init|setup|load)_?\w*agent$", re.I)
_INNER_AGENT = r"(?<=[ \t])(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?Agent(?:\[[^\]]*\])?\("


# Public names of a module, with what they hold.
Exports = dict[str, object]

# Code, message, hint, and the place where there is one.
Nearest = tuple[str, str, str, Place | None]


class NoPick(Exception):
    """
    Why no export could be picked: `none`, `several` (their names), `empty_factory` (its name, and as value what it
    returned) or `hungry_factory` (its name and those of the parameters it requires).
    """

    def __init__(self, kind: str, names: list[str], value: object = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.names = names
        self.value = value


def explain_no_pick(no_pick: NoPick, exports: Exports, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding of stage `export`."""
    code, message, hint, place = _EXPLAINERS[no_pick.kind](no_pick, exports, load, read)
    finding: Finding = {"stage": "export", "code": code, "severity": "error", "message": message}
    return {**finding, **locate(load["entry"], place, read), "hint": hint}


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


def _several(no_pick: NoPick, _exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    names = ", ".join(f"`{name}`" for name in no_pick.names)
    first = no_pick.names[0]
    agents = f"{load['modulePath']} has {len(no_pick.names)} agents ({names})"
    return (
        "several_agents",
        f"{agents}, and none of them hands off to all others.",
        f"Name the one to serve: `agent = {first}`.",
        _declaration(first, load, read),
    )


def _empty_factory(no_pick: NoPick, _exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    name = no_pick.names[0]
    return (
        "factory_without_agent",
        f"`{name}()` in {load['modulePath']} returned {kind_of(no_pick.value)}, not an agent.",
        f"Return an `Agent` from `{name}`.",
        _declaration(name, load, read),
    )


def _hungry_factory(
    no_pick: NoPick, _exports: Exports, load: ModuleLoad, read: ReadText
) -> Nearest:
    name, *parameters = no_pick.names
    wanted = ", ".join(f"`{parameter}`" for parameter in parameters)
    return (
        "factory_needs_arguments",
        f"`{name}` in {load['modulePath']} requires {wanted}, which nobody gives it.",
        f"Give its parameters default values, or call it yourself: `agent = {name}(…)`.",
        _declaration(name, load, read),
    )


def _none(_no_pick: NoPick, exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    code, said, hint, place = _nearest(exports, load, read)
    told = ", ".join(f"`{name}` ({kind_of(value)})" for name, value in exports.items())
    has = f"It has {told}." if told else "It defines nothing."
    return code, f"{load['modulePath']} has nothing to serve. {said} {has}", hint, place


def _nearest(exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    for name, value in exports.items():
        if type(value).__name__ == "RealtimeAgent":
            said = f"`{name}` is a RealtimeAgent, which speaks over a voice session only."
            return "realtime_agent", said, "Make an `Agent`.", _declaration(name, load, read)
    for name, value in exports.items():
        if isinstance(value, type) and (
            name in load["exportNames"] or name.lower().endswith("agent")
        ):
            said = f"`{name}` is a class, not an instance."
            hint = f"Make an instance: `agent = {name}(…)`."
            return "class_exported", said, hint, _declaration(name, load, read)
    for name in load["exportNames"]:
        if name in exports:
            said = f"`{name}` is {kind_of(exports[name])}, not an agent."
            hint = 'Make an agent of it: `agent = Agent(name="…", instructions="…")`.'
            return "wrong_export_kind", said, hint, _declaration(name, load, read)
    for name, value in exports.items():
        if (
            inspect.isfunction(value)
            and _MISNAMED_FACTORY.match(name)
            and name not in FACTORY_NAMES
        ):
            said = (
                f"`{name}` may return an agent, but only a factory called `build_agent` is called."
            )
            hint = f"Rename it to `build_agent`, or add `agent = {name}()`."
            return "factory_misnamed", said, hint, _declaration(name, load, read)
    text = read(load["entry"])
    inner = re.search(_INNER_AGENT, text)
    if inner:
        file = os.path.basename(load["entry"])
        said = f"`{inner.group(1)}` is built inside a function or block of {file}."
        hint = "Build it at the top level of the module: `agent = Agent(…)`."
        return "agent_not_exported", said, hint, place_of(text, _INNER_AGENT)
    hint = 'Make one: `agent = Agent(name="…", instructions="…")`.'
    return "no_agent", "There is no agent in it.", hint, None


def _declaration(name: str, load: ModuleLoad, read: ReadText) -> Place | None:
    pattern = rf"^(?:async def |def |class )?{re.escape(name)}\b"
    return place_of(read(load["entry"]), pattern)


_EXPLAINERS = {
    "several": _several,
    "empty_factory": _empty_factory,
    "hungry_factory": _hungry_factory,
    "none": _none,
}
