"""Says why nothing of a module can be served, what comes near, and the edit that fixes it."""

import inspect
import re

from ..protocol import Finding, ModuleLoad
from .code_frame import ReadText, locate
from .no_pick import FACTORY_NAMES, Exports, Nearest, NoPick, declaration_of, kind_of
from .outline import outline_of
from .unclear_pick import agent_in_function, explain_inner, named_agent_missing, several_agents

_MISNAMED_FACTORY = re.compile(r"^(build|make|create|get|new|init|setup|load)_?\w*agent$", re.I)


def explain_no_pick(no_pick: NoPick, exports: Exports, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding of stage `export`."""
    explainers = {
        "several": several_agents,
        "in_function": agent_in_function,
        "named_missing": named_agent_missing,
        "empty_factory": _empty_factory,
        "hungry_factory": _hungry_factory,
        "none": _none,
    }
    code, message, hint, place = explainers[no_pick.kind](no_pick, exports, load, read)
    finding: Finding = {"stage": "export", "code": code, "severity": "error", "message": message}
    return {**finding, **locate(load["entry"], place, read), "hint": hint}


def _empty_factory(no_pick: NoPick, _exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    name = no_pick.names[0]
    return (
        "factory_without_agent",
        f"`{name}()` in {load['modulePath']} returned {kind_of(no_pick.value)}, not an agent.",
        f"Return an `Agent` from `{name}`.",
        declaration_of(name, load, read),
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
        declaration_of(name, load, read),
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
            return "realtime_agent", said, "Make an `Agent`.", declaration_of(name, load, read)
    for name, value in exports.items():
        if isinstance(value, type) and (
            name in load["exportNames"] or name.lower().endswith("agent")
        ):
            said = f"`{name}` is a class, not an instance."
            hint = f"Make an instance: `agent = {name}(…)`."
            return "class_exported", said, hint, declaration_of(name, load, read)
    for name in load["exportNames"]:
        if name in exports:
            said = f"`{name}` is {kind_of(exports[name])}, not an agent."
            hint = 'Make an agent of it: `agent = Agent(name="…", instructions="…")`.'
            return "wrong_export_kind", said, hint, declaration_of(name, load, read)
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
            return "factory_misnamed", said, hint, declaration_of(name, load, read)
    built = outline_of(read(load["entry"])).built
    if built:
        return explain_inner(built[-1], load, read)
    hint = 'Make one: `agent = Agent(name="…", instructions="…")`.'
    return "no_agent", "There is no agent in it.", hint, None
