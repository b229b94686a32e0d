"""Classes in place of instances, and instances of what is no agent."""

from __future__ import annotations

import ast

from ..agent_shape import is_agent, is_runnable, is_temporal_workflow, run_methods
from .no_pick import Nearest, kind_of
from .outline import is_agent_call
from .seen import Seen, method_takes_messages, required_parameters


def missed_workflow(seen: Seen) -> Nearest | None:
    """A workflow of Temporal's, or an instance of one; its agent is what can be served."""
    for name, value in seen.exports.items():
        kind = value if isinstance(value, type) else type(value)
        if not is_temporal_workflow(kind):
            continue
        said = f"`{kind.__name__}` is a workflow of Temporal, which only a worker of Temporal runs."
        made = (start.given for start in seen.outline.starts if isinstance(start.given, ast.Call))
        call = next((ast.unparse(call) for call in made if _is_plain_call(call)), None)
        hint = "Build the agent that it starts at the top level, `agent = Agent(…)`."
        if call:
            hint = f"Serve the agent that it starts; add:\n\nagent = {call}"
        return "temporal_workflow", said, hint, seen.place(name)
    return None


def _is_plain_call(call: ast.Call) -> bool:
    """True for a function's call that gives it nothing: `triage_agent()`."""
    return isinstance(call.func, ast.Name) and not call.args and not call.keywords


def missed_instance(seen: Seen) -> Nearest | None:
    """An instance of a class of the module's that is no agent, where it is meant to be one."""
    for name, value in seen.exports.items():
        kind = type(value)
        if kind not in seen.exports.values() or is_agent(value) or is_runnable(value):
            continue
        held = next((key for key, part in _fields(value).items() if is_agent(part)), None)
        if not held and not _is_meant(name, kind.__name__, seen):
            continue
        said = f"`{name}` is an instance of `{kind.__name__}`, which is no agent and has no `run`"
        said += " that takes messages." if run_methods(value) else "."
        if held:
            hint = f"Serve the agent it holds; add:\n\nagent = {name}.{held}"
        else:
            hint = f"Give `{kind.__name__}` a method `def run(self, messages)` that returns the answer."
        return "wrong_export_kind", said, hint, seen.place(name)
    return None


def missed_class(seen: Seen) -> Nearest | None:
    """A class that could be served as an instance."""
    for name, value in seen.exports.items():
        if not isinstance(value, type):
            continue
        can_run = any(method_takes_messages(value, method) for method in ("run", "run_sync"))
        field = None if can_run else _agent_field(name, seen)
        if field:
            return "class_exported", *_held_by(name, field, value), seen.place(name)
        if not can_run and not _is_meant(name, name, seen):
            continue
        said = f"`{name}` is a class, not an instance."
        call = f"{name}()" if not required_parameters(value) else None
        code = f"agent = {call}" if call else seen.call_as_agent(name)
        hint = f"Make an instance; add:\n\n{code}" if code else _needy_hint(name, value)
        return "class_exported", said, hint, seen.place(name)
    return None


def missed_server(seen: Seen) -> Nearest | None:
    """Something with a `run` that starts a server, a script or a loop."""
    for name, value in seen.exports.items():
        methods = [value] if name == "run" and callable(value) else run_methods(value)
        for method in methods:
            wanted = ", ".join(required_parameters(method))
            said = f"`{name}` has a `run`, but none that takes messages: `run({wanted})`."
            if method is value:
                said = f"`run` takes no messages: `run({wanted})`."
            hint = "Make an `Agent`, or an object whose `run(messages)` returns the answer."
            return "run_takes_no_messages", said, hint, seen.place(name)
    return None


def wrong_kind(seen: Seen) -> Nearest | None:
    """A name that would be served, with a value that cannot be."""
    for name in seen.load["exportNames"]:
        if name in seen.exports:
            said = f"`{name}` is {kind_of(seen.exports[name])}, not an agent."
            hint = 'Make an agent of it: `agent = Agent(name="…", instructions="…")`.'
            return "wrong_export_kind", said, hint, seen.place(name)
    return None


def _held_by(name: str, field: str, value: type) -> tuple[str, str]:
    wanted = required_parameters(value)
    said = f"`{name}` is a class, which builds an agent when an instance is made: its `{field}`."
    if wanted:
        needs = ", ".join(f"`{parameter}`" for parameter in wanted)
        return said, f"Serve that of an instance ({needs} given): `agent = {name}(…).{field}`."
    return said, f"Serve that of an instance; add:\n\nagent = {name}().{field}"


def _agent_field(name: str, seen: Seen) -> str | None:
    """The attribute that the constructor of a class of the module's gives an agent: `self.agent = Agent(…)`."""
    classes = [one for one in seen.outline.tree.body if isinstance(one, ast.ClassDef)]
    made = [part for one in classes if one.name == name for part in one.body]
    for method in made:
        if not isinstance(method, ast.FunctionDef) or method.name != "__init__":
            continue
        for node in ast.walk(method):
            if not isinstance(node, ast.Assign) or not is_agent_call(node.value):
                continue
            target = node.targets[0]
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                return target.attr
    return None


def _is_meant(name: str, class_name: str, seen: Seen) -> bool:
    return name in seen.load["exportNames"] or class_name.lower().endswith("agent")


def _fields(value: object) -> dict[str, object]:
    return getattr(value, "__dict__", {})


def _needy_hint(name: str, value: type) -> str:
    wanted = ", ".join(f"`{parameter}`" for parameter in required_parameters(value))
    return f"Make an instance, with what it requires ({wanted}): `agent = {name}(…)`."
