"""Finds what makes the context of a module's runs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import is_agent, reached_from
from ..explain.outline import Start, called_name
from ..explain.seen import Seen
from ..explain.started import assigned_to
from ..protocol.messages import Finding
from .request_context import MakeContext, context_maker, context_type, plain_context

if TYPE_CHECKING:
    from agents import Agent


def module_context(
    metadata: object, value: object, seen: Seen
) -> tuple[MakeContext, list[Finding]]:
    """`__gateway__.context`, else the type that the agents name, else the request itself; and what is wrong with it."""
    make, found = _context_of(metadata, value, seen)
    return make, [*found, *(_own_model(value, seen) if is_agent(value) else [])]


def _context_of(metadata: object, value: object, seen: Seen) -> tuple[MakeContext, list[Finding]]:
    asked = (
        cast("Mapping[str, object]", metadata).get("context")
        if isinstance(metadata, Mapping)
        else None
    )
    if callable(asked):
        return context_maker(asked, is_asked=True), []
    if asked is not None:
        said = f"`__gateway__.context` is a {type(asked).__name__}, not a class or function."
        hint = "Name the class of the context, or a function that makes it: `def make_context(request): …`."
        return plain_context, [_finding("bad_context", "error", said, hint, seen)]
    agents = reached_from(value) if is_agent(value) else []
    found = next(filter(None, map(context_type, agents)), None)
    if found is None:
        return plain_context, _own_context(seen) if agents else []
    maker = context_maker(found, is_asked=False)
    return maker, [] if isinstance(maker({}), found) else _own_context(seen)


def _own_context(seen: Seen) -> list[Finding]:
    """A warning where the file starts its agent with a context that a request does not bring."""
    for start in seen.outline.starts:
        for word in start.call.keywords:
            if word.arg != "context" or isinstance(word.value, ast.Constant):
                continue
            file, line = seen.load["entry"].rpartition("/")[2], start.call.lineno
            said = f"{file} runs its agent with a context of its own (line {line}), which a request does not bring."
            made = _class_of(word.value, start, seen) or "make_context"
            hint = f'Make it of the request: `__gateway__ = {{"context": {made}}}`; its fields come from `metadata`.'
            return [_finding("context_not_given", "warning", said, hint, seen)]
    return []


def _own_model(agent: Agent[Any], seen: Seen) -> list[Finding]:
    """A warning where the file's own runs have a model, or know where to get one, that the agent does not have."""
    if agent.model is not None and not isinstance(agent.model, str):
        return []
    for call in ast.walk(seen.outline.tree):
        if not isinstance(call, ast.Call) or called_name(call) != "RunConfig":
            continue
        given = {word.arg: word.value for word in call.keywords}
        for name in ("model", "model_provider"):
            if name not in given or ast.unparse(given[name]) == "None":
                continue
            file, line = seen.load["entry"].rpartition("/")[2], call.lineno
            said = (
                f"{file} gives its own runs a `{name}` (line {line}), which runs of the gateway do not get: they go by "
                "the agent's `model`."
            )
            got = "" if name == "model" else ".get_model(None)"
            hint = f"Give it to the agent: `Agent(…, model={ast.unparse(given[name])}{got})`."
            told = _finding("run_model_not_used", "warning", said, hint, seen)
            return [{**told, **seen.located_at(line)}]
    return []


def _class_of(value: ast.expr, start: Start, seen: Seen) -> str | None:
    """The name of what makes the context, where the file calls it there or for the name that stands there."""
    if isinstance(value, ast.Name):
        bodies = [*(function.body for function in reversed(start.inside)), seen.outline.tree.body]
        found = (assigned_to(value.id, body) for body in bodies)
        value = next(filter(None, found), value)
    name = called_name(value) if isinstance(value, ast.Call) else ""
    return name if name in seen.exports else None


def _finding(code: str, severity: str, message: str, hint: str, seen: Seen) -> Finding:
    finding: Finding = {
        "stage": "metadata",
        "code": code,
        "severity": "error" if severity == "error" else "warning",
        "message": message,
        **seen.located("__gateway__"),
        "hint": hint,
    }
    return finding
