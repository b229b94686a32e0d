"""Which of a module's names the file itself starts, through locals and parameters."""

from __future__ import annotations

import ast

from .outline import Function, Outline, is_agent_call, top_statements

# Names are followed through so many functions.
_MAX_STEPS = 4


def started_names(outline: Outline) -> dict[str, int]:
    """Names of what the file starts, with the line of the call, in the order of the file."""
    found: dict[str, int] = {}
    for start in outline.starts:
        for name in _names_of(start.given, start.inside, outline, 0):
            found.setdefault(name, start.call.lineno)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def parameters_of(function: Function) -> list[ast.arg]:
    """All that can be given by name or place."""
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def argument_given(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """What a call of the function gives for a parameter; None where it gives nothing."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    places = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if name in places and places.index(name) < len(call.args):
        return call.args[places.index(name)]
    return None


def _names_of(
    given: ast.expr, inside: tuple[Function, ...], outline: Outline, steps: int
) -> list[str]:
    if not isinstance(given, ast.Name) or steps > _MAX_STEPS:
        return []
    for function in reversed(inside):
        local = assigned_to(given.id, function.body)
        if local is not None:
            return (
                [given.id] if is_agent_call(local) else _names_of(local, inside, outline, steps + 1)
            )
        if any(parameter.arg == given.id for parameter in parameters_of(function)):
            return _names_given(function, given.id, outline, steps + 1)
    return [given.id]


def assigned_to(name: str, body: list[ast.stmt]) -> ast.expr | None:
    """What the statements first assign to a name; None where they do not."""
    for statement in top_statements(body):
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return statement.value
    return None


def _names_given(function: Function, name: str, outline: Outline, steps: int) -> list[str]:
    names: list[str] = []
    for call, inside in calls_of(outline, function.name):
        given = argument_given(call, function, name)
        if given is not None:
            names.extend(_names_of(given, inside, outline, steps))
    return names


def calls_of(outline: Outline, name: str) -> list[tuple[ast.Call, tuple[Function, ...]]]:
    """Calls of a function by its name, each with the functions around it."""
    found: list[tuple[ast.Call, tuple[Function, ...]]] = []

    def look(node: ast.AST, inside: tuple[Function, ...]) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            found.append((node, inside))
        deeper = (
            (*inside, node) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else inside
        )
        for child in ast.iter_child_nodes(node):
            look(child, deeper)

    look(outline.tree, ())
    return found
