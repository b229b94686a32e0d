"""Reads a module's source: what it binds at its top, which agents it starts, and which it builds inside functions."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef

# How a file starts an agent: `Runner.run(x, …)`, `runner.run_sync(x)`, `run_demo_loop(x)`.
STARTERS = ("run", "run_sync", "run_streamed", "run_demo_loop")

# What makes a function one that the SDK calls: an agent inside it serves another one.
_HELPER_MAKERS = (
    "function_tool",
    "input_guardrail",
    "output_guardrail",
    "tool_input_guardrail",
    "tool_output_guardrail",
    "InputGuardrail",
    "OutputGuardrail",
)


# What imports, or runs, what is named in a text.
_CODE_OF_TEXTS = ("__import__", "__builtins__", "__loader__", "__spec__", "eval", "exec", "globals")
_IMPORTERS = ("builtins", "code", "codeop", "importlib", "imp", "pkgutil", "runpy", "zipimport")


@dataclass(frozen=True)
class Start:
    """A call that runs an agent: `given` is what it runs, `inside` the functions around it, outermost first."""

    given: ast.expr
    call: ast.Call
    inside: tuple[Function, ...]


@dataclass(frozen=True)
class Built:
    """An agent that a function builds; `name` is the local it is bound to, None where it is bound to none."""

    name: str | None
    call: ast.Call
    inside: tuple[Function, ...]


@dataclass
class Outline:
    """What a source shows without being run; empty where it does not parse."""

    tree: ast.Module
    assigned: set[str] = field(default_factory=set[str])
    starts: list[Start] = field(default_factory=list[Start])
    built: list[Built] = field(default_factory=list[Built])
    # Names that are bound under `if __name__ == "__main__":` alone.
    guarded: set[str] = field(default_factory=set[str])
    # Names that guardrails and tools use.
    helped: set[str] = field(default_factory=set[str])


def outline_of(text: str) -> Outline:
    """Never raises."""
    tree = parsed(text)
    if tree is None:
        return Outline(ast.Module([], []))
    outline = Outline(tree)
    for statement in top_statements(tree.body):
        outline.assigned.update(bound_names(statement))
    outline.guarded.update(_guarded_names(tree))
    helpers = _helper_names(tree)
    _collect(tree, outline, helpers)
    return outline


def parsed(text: str) -> ast.Module | None:
    """None for what does not parse, or is nested deeper than Python reads."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def may_need_packages(text: str) -> bool:
    """
    False where a source imports nothing but the standard library, at its top and inside its functions, or does not
    parse: no package of others, and no file beside it, can come to be imported by it. Never raises.
    """
    tree = parsed(text)
    return tree is not None and any(_imports_others(node) for node in ast.walk(tree))


def _imports_others(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(not _is_standard(name.name) for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or not _is_standard(node.module or "")
    # A client of `openai` is given to who asks for one by this name.
    if isinstance(node, ast.arg):
        return node.arg == "client"
    # What is named in a text may be imported by these.
    return isinstance(node, ast.Name) and node.id in _CODE_OF_TEXTS


def _is_standard(module: str) -> bool:
    name = module.split(".", maxsplit=1)[0]
    return name in sys.stdlib_module_names and name not in _IMPORTERS


def _guarded_names(tree: ast.Module) -> set[str]:
    guards = [one for one in tree.body if isinstance(one, ast.If) and _names_main(one.test)]
    inside = {
        name for one in guards for part in top_statements(one.body) for name in bound_names(part)
    }
    others = [one for one in tree.body if one not in guards]
    return inside - {name for one in top_statements(others) for name in bound_names(one)}


def _names_main(test: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Constant) and node.value == "__main__" for node in ast.walk(test)
    )


def top_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a scope, those inside of `if`, `try`, `with` and loops too; no imports."""
    # Not by calling itself: each `elif` lies within the one before, deeper than calls may.
    waiting = body[::-1]
    while waiting:
        statement = waiting.pop()
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield statement
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            waiting.extend(_inner_statements(statement)[::-1])


def _inner_statements(statement: ast.stmt) -> list[ast.stmt]:
    blocks = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    blocks.extend(handler.body for handler in getattr(statement, "handlers", []))
    return [one for block in blocks for one in block]


def bound_names(statement: ast.stmt) -> set[str]:
    """Names that a statement binds itself, in its own scope."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    return {
        node.id
        for node in _own_nodes(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def called_name(call: ast.Call) -> str:
    """The last name of what is called: `Agent` of `Agent[Info](…)` and of `agents.Agent(…)`."""
    return _last_name(call.func)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_agent_call(node: ast.AST) -> bool:
    """True for `Agent(…)` and `Agent[Info](…)`."""
    return isinstance(node, ast.Call) and called_name(node) in ("Agent", "SandboxAgent")


def _own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement but for the statements inside of it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(
            child
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.Lambda, ast.comprehension))
        )


def _helper_names(tree: ast.Module) -> set[str]:
    """Functions that are handed to a guardrail or tool by name: `InputGuardrail(guardrail_function=check)`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) in _HELPER_MAKERS:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            names.update(value.id for value in given if isinstance(value, ast.Name))
    return names


def _is_helper(function: Function, named: set[str]) -> bool:
    marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in function.decorator_list]
    return function.name in named or any(_last_name(mark) in _HELPER_MAKERS for mark in marks)


def _collect(tree: ast.Module, outline: Outline, helpers: set[str]) -> None:
    # Not by calling itself: a long sum or chain of calls is nested deeper than calls may be.
    waiting: list[tuple[ast.AST, tuple[Function, ...]]] = [(tree, ())]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if _is_helper(node, helpers):
                outline.helped.update(
                    name.id for name in ast.walk(node) if isinstance(name, ast.Name)
                )
                continue
            inside = (*inside, node)
        elif isinstance(node, ast.Call):
            _collect_call(node, inside, outline)
        elif inside and isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            _collect_built(node, node.value, inside, outline)
        waiting.extend((child, inside) for child in [*ast.iter_child_nodes(node)][::-1])


def _collect_call(call: ast.Call, inside: tuple[Function, ...], outline: Outline) -> None:
    if called_name(call) not in STARTERS:
        return
    named = [word.value for word in call.keywords if word.arg in ("starting_agent", "agent")]
    given = (named or call.args or [None])[0]
    if given is None or isinstance(given, ast.Starred):
        return
    outline.starts.append(Start(given, call, inside))
    if isinstance(given, ast.Call) and is_agent_call(given):
        outline.built.append(Built(None, given, inside))


def _collect_built(
    statement: ast.Assign | ast.AnnAssign,
    value: ast.expr,
    inside: tuple[Function, ...],
    outline: Outline,
) -> None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    target = targets[0]
    if isinstance(value, ast.Call) and is_agent_call(value) and isinstance(target, ast.Name):
        outline.built.append(Built(target.id, value, inside))
