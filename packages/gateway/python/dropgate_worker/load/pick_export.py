"""Picks what a module serves."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..agent_shape import handoff_graph, handoff_targets, is_agent, is_runnable
from ..explain.missed_exports import FACTORY_NAMES, Exports, NoPick
from ..protocol import Kind

if TYPE_CHECKING:
    from agents import Agent

WORKFLOW_NAMES = ("runWorkflow", "run_workflow")

# What a factory may require, made only where it is asked for, by the name of its parameter.
KnownArguments = dict[str, Callable[[], object]]


@dataclass
class Picked:
    """The export that is served; of a factory `value` is what it returned, not yet awaited nor told apart."""

    kind: Kind
    name: str
    value: object
    is_factory: bool = False


def exports_of(module: ModuleType) -> Exports:
    """Public names a module defines: no modules, no classes and functions of packages."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_own(value, module)
    }


def pick_export(
    exports: Exports, export_names: list[str], folder_name: str, known: KnownArguments
) -> Picked:
    """
    First match wins: what Agent Builder exports as the entry, a name in `export_names`, `run_workflow`, the export
    named like the folder, the only agent, the root of the handoff graph among several, the only object with `run`. A
    factory is called once, with those of the `known` arguments that it requires. Raises `NoPick`, and what the
    factory raises.
    """
    workflow = _pick_workflow(exports)
    # Every name at the top of a module is an export here: `agent` may be no more than the workflow's first step.
    if workflow and isinstance(exports.get("WorkflowInput"), type):
        return workflow
    for name in export_names:
        picked = _pick_named(exports, name, known)
        if picked:
            return picked
    if workflow:
        return workflow
    served = {
        name: value for name, value in exports.items() if is_agent(value) or is_runnable(value)
    }
    for name, value in served.items():
        if _is_named_like(name, folder_name):
            return as_picked(name, value)
    agents = _distinct_agents(served)
    root = _root_of(agents)
    if root:
        return as_picked(root, agents[root])
    if agents:
        raise NoPick("several", list(agents))
    return _pick_runnable(exports, served)


def as_picked(name: str, value: object) -> Picked:
    """The export as what it is."""
    return Picked("agent" if is_agent(value) else "runnable", name, value)


def _is_own(value: object, module: ModuleType) -> bool:
    if isinstance(value, ModuleType):
        return False
    if isinstance(value, type) or inspect.isroutine(value):
        home = sys.modules.get(getattr(value, "__module__", None) or "")
        loader = getattr(getattr(home, "__spec__", None), "loader", None)
        return loader is not None and loader is module.__loader__
    return type(value).__module__ not in ("typing", "__future__")


def _pick_workflow(exports: Exports) -> Picked | None:
    for name in WORKFLOW_NAMES:
        if callable(exports.get(name)):
            return Picked("workflow", name, exports[name])
    return None


def _pick_named(exports: Exports, name: str, known: KnownArguments) -> Picked | None:
    value = exports.get(name)
    if is_agent(value) or is_runnable(value):
        return as_picked(name, value)
    if not inspect.isfunction(value) and not inspect.iscoroutinefunction(value):
        return None
    if getattr(value, "__name__", "") in WORKFLOW_NAMES:
        return Picked("workflow", name, value)
    required = _required_parameters(value)
    if required and name not in FACTORY_NAMES:
        return None
    if any(parameter not in known for parameter in required):
        raise NoPick("hungry_factory", [name, *required])
    arguments = {parameter: known[parameter]() for parameter in required}
    return Picked("runnable", name, value(**arguments), is_factory=True)


def _required_parameters(function: Callable[..., object]) -> list[str]:
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty and parameter.kind not in optional
    ]


def _is_named_like(export_name: str, folder_name: str) -> bool:
    def bare(name: str) -> str:
        return re.sub(r"[^a-z0-9]", "", name.lower())

    def stem(name: str) -> str:
        return re.sub(r"(?<=.)agent$", "", bare(name))

    return bare(export_name) == bare(folder_name) or stem(export_name) == stem(folder_name)


def _distinct_agents(served: Exports) -> dict[str, Agent[Any]]:
    distinct: dict[str, Agent[Any]] = {}
    for name, value in served.items():
        if is_agent(value) and not any(known is value for known in distinct.values()):
            distinct[name] = value
    return distinct


def _root_of(agents: dict[str, Agent[Any]]) -> str | None:
    """The one that reaches all others by handoff; where several do, the one that does so directly."""
    if len(agents) < 2:
        return next(iter(agents), None)

    def reaches_all(reached: list[Agent[Any]]) -> bool:
        ids = {id(agent) for agent in reached}
        return all(id(agent) in ids for agent in agents.values())

    roots = [name for name, agent in agents.items() if reaches_all(handoff_graph(agent))]
    if len(roots) > 1:
        roots = [
            name for name in roots if reaches_all([agents[name], *handoff_targets(agents[name])])
        ]
    return roots[0] if len(roots) == 1 else None


def _pick_runnable(exports: Exports, served: Exports) -> Picked:
    if len(served) == 1:
        name, value = next(iter(served.items()))
        return as_picked(name, value)
    for name in ("run", "run_sync"):
        if inspect.isfunction(exports.get(name)):
            return Picked("runnable", name, exports[name])
    raise NoPick("none", [])
