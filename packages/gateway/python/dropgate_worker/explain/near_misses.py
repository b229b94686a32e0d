"""What comes near an agent in a module that has none to serve."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import cast

from ..agent_shape import is_agent
from ..protocol.messages import Place
from .missed_classes import (
    missed_class,
    missed_instance,
    missed_server,
    missed_workflow,
    wrong_kind,
)
from .missed_factories import missed_factory
from .no_pick import Nearest
from .outline import called_name
from .seen import Seen
from .unclear_pick import explain_inner

_AGENT_INSTEAD = "Make an `Agent` of the same name, instructions and tools in its place (`from agents import Agent`)."


def nearest_miss(seen: Seen) -> Nearest:
    """The nearest of all; `no_agent` where nothing is near."""
    for find in (
        _realtime_agent,
        _container,
        missed_workflow,
        missed_instance,
        missed_class,
        wrong_kind,
        missed_factory,
        _inner_agent,
        missed_server,
    ):
        found = find(seen)
        if found:
            return found
    return "no_agent", "There is no agent in it.", _new_agent_hint(seen), None


def _new_agent_hint(seen: Seen) -> str:
    """An agent to begin with, which has the tools that the file makes."""
    kinds = {name: type(value) for name, value in seen.exports.items()}
    tools = [name for name, kind in kinds.items() if kind.__name__ == "FunctionTool"]
    listed = f", tools=[{', '.join(tools)}]" if tools else ""
    code = f'agent = Agent(name="{seen.load["name"]}", instructions="…"{listed})'
    return f"Make one; add:\n\nfrom agents import Agent\n{code}"


def _realtime_agent(seen: Seen) -> Nearest | None:
    for name, value in seen.exports.items():
        if type(value).__name__ == "RealtimeAgent":
            said = f"`{name}` is a RealtimeAgent, which speaks over a voice session only."
            return "realtime_agent", said, _AGENT_INSTEAD, seen.place(name)
    for node in ast.walk(seen.outline.tree):
        if isinstance(node, ast.Call) and called_name(node) == "RealtimeAgent":
            said = "It builds a RealtimeAgent, which speaks over a voice session only."
            place: Place = {"line": node.lineno, "column": node.col_offset + 1}
            return "realtime_agent", said, _AGENT_INSTEAD, place
    return None


def _container(seen: Seen) -> Nearest | None:
    for name, value in seen.exports.items():
        held = dict(_items_of(value))
        if not held or not all(is_agent(agent) for agent in held.values()):
            continue
        shown = ", ".join(f"`{agent.name}`" for agent in held.values() if is_agent(agent))
        counted = f"{len(held)} agents" if len(held) > 1 else "an agent"
        said = f"`{name}` holds {counted} ({shown}), of which none stands by itself."
        key = next(iter(held))
        hint = f"Name the one to serve; add:\n\nagent = {name}[{key!r}]"
        return "agents_in_container", said, hint, seen.place(name)
    return None


def _items_of(value: object) -> Iterator[tuple[object, object]]:
    if isinstance(value, dict):
        yield from cast("dict[object, object]", value).items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(cast("list[object]", value))


def _inner_agent(seen: Seen) -> Nearest | None:
    built = seen.outline.built
    return explain_inner(built[-1], seen.load, seen.read) if built else None
