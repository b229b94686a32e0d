"""Picks what a module serves."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import is_agent, is_runnable
from ..explain.no_pick import FACTORY_NAMES, Exports, NoPick
from ..explain.outline import Outline
from ..explain.unclear_pick import InnerAgent
from ..message_taker import takes_messages
from ..protocol.messages import Kind
from .choose_agent import choose_agent, refuse_inner
from .factory_arguments import KnownArguments

if TYPE_CHECKING:
    from agents import Agent

# `run_workflow`, `run_support_workflow`, `runWorkflow`, `runSupportWorkflow`.
_WORKFLOW_NAME = re.compile(r"^run(?:_\w+)?_workflow$|^run\w*Workflow$")


@dataclass
class Picked:
    """The export that is served; of a factory `value` is what it returned, not yet awaited nor told apart."""

    kind: Kind
    name: str
    value: object
    is_factory: bool = False
    # Line of the call that starts it, where that made it the one of several.
    started_in: int | None = None
    # Where it is built inside a function, how it got out of there.
    inner: InnerAgent | None = None


@dataclass(frozen=True)
class PickBy:
    """What a pick goes by beside the exports: names that the gateway and the module give, and the module's source."""

    export_names: list[str]
    folder_name: str
    known: KnownArguments
    outline: Outline
    # `__gateway__.agent`.
    named: str | None = None
    # `__all__`.
    declared: tuple[str, ...] = ()


def declared_in(module: ModuleType) -> tuple[str, ...]:
    """`__all__`; nothing where it is no list of texts."""
    declared: object = getattr(module, "__all__", ())
    if not isinstance(declared, (list, tuple)):
        return ()
    return tuple(name for name in cast("list[object]", declared) if isinstance(name, str))


def pick_export(exports: Exports, by: PickBy) -> Picked:
    """
    First match wins: the name in `__gateway__`, what Agent Builder exports as the entry, a name in `export_names`,
    `run_workflow`, the export named like the folder, the only agent, the root of the graph among several, the one that
    the file starts, the only object with `run`. Names that the module assigns come before those it imports. A factory
    is called once, with those of the `known` arguments that it requires. Raises `NoPick`, and what the factory raises.
    """
    if by.named is not None:
        picked = _pick_named(exports, by.named, by.known, is_asked=True)
        if picked is None:
            raise NoPick("named_missing", [by.named])
        return picked
    own = {
        name: value
        for name, value in exports.items()
        if name in by.outline.assigned or name in by.declared
    }
    picked = _pick_of(own, by) or _pick_by_name(exports, by)
    if picked is None:
        refuse_inner(by.outline)
        picked = _pick_of(exports, by)
    if picked is None:
        raise NoPick("none", [])
    return picked


def _pick_of(exports: Exports, by: PickBy) -> Picked | None:
    picked = _pick_by_name(exports, by)
    if picked:
        return picked
    served = {
        name: value for name, value in exports.items() if is_agent(value) or is_runnable(value)
    }
    for name, value in served.items():
        if _is_named_like(name, by.folder_name):
            return as_picked(name, value)
    agents = _distinct_agents(served)
    if agents:
        name, started_in = choose_agent(agents, by.outline)
        return Picked("agent", name, agents[name], started_in=started_in)
    return _pick_runnable(exports, served)


def _pick_by_name(exports: Exports, by: PickBy) -> Picked | None:
    workflow = _pick_workflow(exports)
    # Every name at the top of a module is an export here: `agent` may be no more than the workflow's first step.
    if workflow and isinstance(exports.get("WorkflowInput"), type):
        return workflow
    for name in by.export_names:
        picked = _pick_named(exports, name, by.known)
        if picked:
            return picked
    return workflow


def as_picked(name: str, value: object) -> Picked:
    """The export as what it is."""
    return Picked("agent" if is_agent(value) else "runnable", name, value)


def _pick_workflow(exports: Exports) -> Picked | None:
    names = [name for name, value in exports.items() if _is_workflow(name, value)]
    # The plain names first.
    for name in sorted(names, key=len):
        return Picked("workflow", name, exports[name])
    return None


def _is_workflow(name: str, value: object) -> bool:
    return _WORKFLOW_NAME.match(name) is not None and inspect.isfunction(value)


def _pick_named(
    exports: Exports, name: str, known: KnownArguments, *, is_asked: bool = False
) -> Picked | None:
    value = exports.get(name)
    if is_agent(value) or is_runnable(value):
        return as_picked(name, value)
    if not inspect.isfunction(value):
        return None
    if _is_workflow(value.__name__, value):
        return Picked("workflow", name, value)
    required = _required_parameters(value)
    if required and name not in FACTORY_NAMES and not is_asked:
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


def _pick_runnable(exports: Exports, served: Exports) -> Picked | None:
    if len(served) == 1:
        name, value = next(iter(served.items()))
        return as_picked(name, value)
    for name in ("run", "run_sync"):
        value = exports.get(name)
        if inspect.isfunction(value) and takes_messages(value):
            return Picked("runnable", name, exports[name])
    return None


def exports_of(module: ModuleType) -> Exports:
    """Public names a module defines: no modules, no classes and functions of packages."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_own(value, module)
    }


def _is_own(value: object, module: ModuleType) -> bool:
    if isinstance(value, ModuleType):
        return False
    if isinstance(value, type) or inspect.isroutine(value):
        home = sys.modules.get(getattr(value, "__module__", None) or "")
        loader = getattr(getattr(home, "__spec__", None), "loader", None)
        return loader is not None and loader is module.__loader__
    return type(value).__module__ not in ("typing", "__future__")


async def settle_factory(picked: Picked) -> Picked:
    """What a factory made, awaited where it has to be; raises `NoPick` where that is nothing to serve."""
    value = picked.value
    if not picked.is_factory:
        return picked
    if inspect.isawaitable(value):
        value = await value
    if is_agent(value) or is_runnable(value):
        return replace(as_picked(picked.name, value), inner=picked.inner)
    raise NoPick("empty_factory", [picked.name], value)
