"""Chooses among the agents at the top of a module: the root of their graph, else the one that the file starts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..agent_shape import led_to, reached_from
from ..explain.factory_form import factory_form
from ..explain.no_pick import NoPick
from ..explain.outline import STARTERS, Built, Outline, called_name
from ..explain.started import started_names

if TYPE_CHECKING:
    from agents import Agent

Agents = dict[str, "Agent[Any]"]


def choose_agent(agents: Agents, outline: Outline) -> tuple[str, int | None]:
    """
    The name of the one to serve, and the line that starts it where that decided. Agents that only guardrails and tools
    use are none. Raises `NoPick`: of several where nothing decides, and where the one that the file starts is built
    inside a function that uses those at the top.
    """
    candidates = {name: agent for name, agent in agents.items() if name not in outline.helped}
    started = {name: line for name, line in started_names(outline).items() if name in candidates}
    inner = inner_started(outline)
    if inner and not started and set(candidates) <= _names_around(inner):
        raise NoPick("in_function", [], inner)
    candidates = candidates or agents
    root = root_of(candidates)
    if root:
        return root, None
    chosen = root_of({name: candidates[name] for name in started})
    if chosen:
        return chosen, started[chosen]
    raise NoPick("several", _by_likelihood(candidates, started), started)


def refuse_inner(outline: Outline) -> None:
    """Raises `NoPick` where the agent that the file starts is built inside a function."""
    inner = inner_started(outline)
    if inner:
        raise NoPick("in_function", [], inner)


def inner_started(outline: Outline) -> Built | None:
    """The last agent that the file starts and builds inside a function, or in the call itself; None without one."""
    names = started_names(outline)
    found = [built for built in outline.built if built.name is None or built.name in names]
    # One that is made of what another answered would ask a model whenever it is loaded.
    plain = [built for built in found if not _is_made_by_run(built, outline)]
    # Of a line of agents the last to be built is the one that holds the others.
    return next(reversed(plain or found), None)


def _is_made_by_run(built: Built, outline: Outline) -> bool:
    code = factory_form(built, outline).code
    calls = [node for node in ast.walk(ast.parse(code or "")) if isinstance(node, ast.Call)]
    return any(
        called_name(call) in STARTERS and "runner" in ast.unparse(call.func).lower()
        for call in calls
    )


def root_of(agents: Agents) -> str | None:
    """The one that leads to all others; where several do, the one that does so directly."""
    if len(agents) < 2:
        return next(iter(agents), None)

    def reaches_all(reached: list[Agent[Any]]) -> bool:
        ids = {id(agent) for agent in reached}
        return all(id(agent) in ids for agent in agents.values())

    roots = [name for name, agent in agents.items() if reaches_all(reached_from(agent))]
    if len(roots) > 1:
        roots = [name for name in roots if reaches_all([agents[name], *led_to(agents[name])])]
    return roots[0] if len(roots) == 1 else None


def _by_likelihood(agents: Agents, started: dict[str, int]) -> list[str]:
    """Those that the file starts, then those that no other leads to, then the rest."""
    led = {id(target) for agent in agents.values() for target in led_to(agent)}
    return sorted(agents, key=lambda name: (name not in started, id(agents[name]) in led))


def _names_around(built: Built) -> set[str]:
    """Names that the function which builds the agent uses."""
    where: ast.AST = built.inside[-1] if built.inside else built.call
    return {node.id for node in ast.walk(where) if isinstance(node, ast.Name)}
