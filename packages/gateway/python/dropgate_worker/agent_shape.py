"""Tells agents and tools of the SDK, and what they hold, by their shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .message_taker import takes_messages
from .sdk import imported_sdk

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from agents import Agent


def is_agent(value: object) -> TypeIs[Agent[Any]]:
    """True for an agent of the SDK."""
    sdk = imported_sdk()
    return sdk is not None and isinstance(value, sdk.Agent)


_VIEW_OF = "_dropgate_view_of"


def mark_view(view: Agent[Any], agent: Agent[Any]) -> Agent[Any]:
    """The view, known to be one of an agent of the module."""
    setattr(view, _VIEW_OF, agent)
    return view


def seen_agent(agent: object) -> object:
    """The module's own agent, where this one is a run's view of it."""
    return getattr(agent, _VIEW_OF, agent)


def is_runnable(value: object) -> bool:
    """True for an object, no class, whose `run` or `run_sync` takes messages, and that is no part of the SDK."""
    return any(takes_messages(method) for method in run_methods(value))


def run_methods(value: object) -> list[Callable[..., object]]:
    """Its `run` and `run_sync`, whatever they take; none of a class, a module, or a part of the SDK."""
    if isinstance(value, (type, ModuleType)) or value is None:
        return []
    if type(value).__module__.split(".")[0] in ("agents", "openai", "builtins"):
        return []
    if is_temporal_workflow(type(value)):
        return []
    methods = [getattr(value, name, None) for name in ("run", "run_sync")]
    return [method for method in methods if callable(method)]


def is_temporal_workflow(kind: type) -> bool:
    """True for a class that only a worker of Temporal can run."""
    return "__temporal_workflow_definition" in vars(kind)


def listed(holder: object, name: str) -> list[Any]:
    """What a field of the SDK's lists; nothing where this version has no such field."""
    value: Any = getattr(holder, name, None)
    return list(value or [])


def handoff_targets(agent: Agent[Any]) -> list[Agent[Any]]:
    """Agents it hands off to directly, as far as they can be known."""
    targets: list[Agent[Any]] = []
    for handoff in listed(agent, "handoffs"):
        if is_agent(handoff):
            targets.append(handoff)
            continue
        # A weak reference, which no public name tells.
        reference = getattr(handoff, "_agent_ref", None)
        target = reference() if callable(reference) else None
        if is_agent(target):
            targets.append(target)
    return targets


def handoff_graph(root: Agent[Any]) -> list[Agent[Any]]:
    """The agent and all that it can reach by handoff, itself first."""
    found = [root]
    for agent in found:
        found.extend(target for target in handoff_targets(agent) if not _holds(found, target))
    return found


def led_to(agent: Agent[Any]) -> list[Agent[Any]]:
    """Agents it leads to directly: by handoff, or as its tools."""
    return [
        *handoff_targets(agent),
        *(target for tool in listed(agent, "tools") for target in _agents_of(tool)),
    ]


def reached_from(root: Agent[Any]) -> list[Agent[Any]]:
    """The agent and all that it leads to, itself first."""
    found = [root]
    for agent in found:
        found.extend(target for target in led_to(agent) if not _holds(found, target))
    return found


def _agents_of(tool: object) -> list[Agent[Any]]:
    """The agent that a tool runs."""
    named = getattr(tool, "_agent_instance", None)
    if is_agent(named):
        return [named]
    # Older versions have no name for it: it lies in what the tool's function remembers.
    return _remembered(getattr(tool, "on_invoke_tool", None), 3)


def _remembered(function: object, depth: int) -> list[Agent[Any]]:
    found: list[Agent[Any]] = []
    for cell in getattr(function, "__closure__", None) or () if depth else ():
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        found.extend([value] if is_agent(value) else _remembered(value, depth - 1))
    return found


def _holds(found: list[Agent[Any]], agent: object) -> bool:
    return any(known is agent for known in found)


def model_name(agent: Agent[Any]) -> str | None:
    """Name of the model an agent holds; None where it holds none, or one that does not tell its name."""
    model = getattr(agent, "model", None)
    return text_or_none(model) or text_or_none(getattr(model, "model", None))


def tool_type(tool: object) -> str:
    """`function`, `hosted_tool` for what runs upstream, or what it works on: `computer`, `apply_patch`."""
    name = type(tool).__name__.removesuffix("Tool")
    if name in _HOSTED:
        return "hosted_tool"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() or "tool"


# Classes of tools that run upstream, without their ending.
_HOSTED = (
    "CodeInterpreter",
    "FileSearch",
    "HostedMCP",
    "ImageGeneration",
    "ProgrammaticToolCalling",
    "ToolSearch",
    "WebSearch",
)


def output_type_name(agent: Agent[Any]) -> str:
    """`text`, or the name of the output type."""
    output_type = getattr(agent, "output_type", None)
    if output_type is None or output_type is str:
        return "text"
    name = getattr(output_type, "name", None)
    if callable(name) and not isinstance(output_type, type):
        try:
            return str(name())
        except Exception:
            return "unknown"
    return getattr(output_type, "__name__", None) or str(output_type)


def text_or_none(value: object) -> str | None:
    """The value where it is a text, and not empty."""
    return value if isinstance(value, str) and value else None
