"""Chooses among the agents at the top of a module: the root of their graph, else the one that the file starts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..agent_shape import led_to, reached_from
from ..explain.factory_form import factory_form
from ..explain.no_pick import NoPick
from ..explain.outline import STARTERS, Built, Outline, called_name
from ..explain.started import started_names
from ..explain.unclear_pick import InnerAgent

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


def run_factory(inner: InnerAgent, namespace: dict[str, Any]) -> object:
    """Runs it in the module's namespace: the agent, or what is to be awaited for it. Raises what it raises."""
    code = compile(inner.code, f"<factory of {inner.name}>", "exec", dont_inherit=True)
    # What the module itself calls `agent` stays what it is; a factory keeps by its own name what must live.
    made = namespace if "def build_agent" in inner.code else {**namespace}
    exec(code, made)  # noqa: S102
    return made["build_agent"]() if made is namespace else made["agent"]


def sole_inner(no_pick: NoPick, outline: Outline) -> InnerAgent | None:
    """The agent of `in_function`; None where the file starts others that it builds, or no factory can be written."""
    built = no_pick.value
    if not isinstance(built, Built) or len(_started_inside(outline)) > 1:
        return None
    form = factory_form(built, outline)
    # What only somebody at a command line knows is not to be found in an environment by chance.
    is_asked = any(f"os.environ['{need.upper()}']" in (form.code or "") for need in form.needs)
    if form.code is None or is_asked or _is_made_by_run(built, outline):
        return None
    line = started_names(outline).get(built.name or "", built.call.lineno)
    function = built.inside[-1].name if built.inside else None
    return InnerAgent(built.name or "agent", function, line, form.code)


def refuse_inner(outline: Outline) -> None:
    """Raises `NoPick` where the agent that the file starts is built inside a function."""
    inner = inner_started(outline)
    if inner:
        raise NoPick("in_function", [], inner)


def inner_started(outline: Outline) -> Built | None:
    """The last agent that the file starts and builds inside a function, or in the call itself; None without one."""
    found = _started_inside(outline)
    # One that is made of what another answered would ask a model whenever it is loaded.
    plain = [built for built in found if not _is_made_by_run(built, outline)]
    # Of a line of agents the last to be built is the one that holds the others.
    return next(reversed(plain or found), None)


def _started_inside(outline: Outline) -> list[Built]:
    names = started_names(outline)
    return [built for built in outline.built if built.name is None or built.name in names]


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
