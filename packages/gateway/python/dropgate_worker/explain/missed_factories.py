"""Functions that make an agent and are not called, and the line that calls them."""

from __future__ import annotations

import ast
import inspect
import re

from .no_pick import FACTORY_NAMES, Nearest
from .outline import Function, Outline, is_agent_call
from .seen import Seen, required_parameters

_FACTORY = re.compile(r"^(build|make|create|get|new|init|setup|load)_?\w*agent$", re.I)


def missed_factory(seen: Seen) -> Nearest | None:
    """A function that returns an agent by its source, or by its name."""
    for name, value in seen.exports.items():
        if not inspect.isfunction(value) or name in FACTORY_NAMES:
            continue
        if not (_FACTORY.match(name) or _returns_agent(name, seen.outline)):
            continue
        required = required_parameters(value)
        if required:
            wanted = ", ".join(f"`{parameter}`" for parameter in required)
            said = f"`{name}` makes an agent, but requires {wanted}."
            return "factory_needs_arguments", said, needy_hint(name, seen), seen.place(name)
        said = f"`{name}` may return an agent, but only a factory called `build_agent` is called."
        add = f"build_agent = {name}" if inspect.iscoroutinefunction(value) else f"agent = {name}()"
        hint = f"Rename it to `build_agent`, or add:\n\n{add}"
        return "factory_misnamed", said, hint, seen.place(name)
    return None


def needy_hint(name: str, seen: Seen) -> str:
    """How a factory that requires arguments gets them: as the file's own call gives them."""
    code = seen.call_as_agent(name) or _asking_environment(name, seen.exports.get(name))
    if code is None:
        return f"Give its parameters default values, or call it yourself: `agent = {name}(…)`."
    if inspect.iscoroutinefunction(seen.exports.get(name)) and "\nagent = " in f"\n{code}":
        # What it gives is awaited by whoever calls the factory, not at the top of a module.
        before, call = code.split("agent = ", 1)
        code = f"{before}def build_agent():\n    return {call}"
    return f"Call it{'' if 'os.environ' in code else ' as the file does'}; add:\n\n{code}"


def _asking_environment(name: str, value: object) -> str | None:
    """A call that takes texts, which only somebody at a command line knows, from the environment."""
    required = required_parameters(value)
    kinds = getattr(value, "__annotations__", {})
    if not required or any(kinds.get(parameter) not in (str, "str") for parameter in required):
        return None
    given = ", ".join(f"{one}=os.environ['{one.upper()}']" for one in required)
    return f"import os\nagent = {name}({given})"


def _returns_agent(name: str, outline: Outline) -> bool:
    for node in outline.tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return _gives_agent(node, outline)
    return False


def _gives_agent(function: Function, outline: Outline) -> bool:
    if function.returns is not None and re.match(r"[\"']?Agent\b", ast.unparse(function.returns)):
        return True
    own = {built.name for built in outline.built if built.inside[-1:] == (function,)}
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return any(
        value is not None
        and (is_agent_call(value) or (isinstance(value, ast.Name) and value.id in own))
        for value in returned
    )
