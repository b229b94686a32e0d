"""Which of a module's names the file itself starts, and with what, through locals, parameters and the command line."""

from __future__ import annotations

import ast

from .outline import Function, Outline, called_name, is_agent_call, top_statements

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


def script_value(given: ast.expr, outline: Outline, steps: int = 0) -> ast.expr | None:
    """
    What an expression of the script is worth where nothing stands on its command line: defaults take the places of
    its arguments. None where that cannot be told without the script.
    """
    if isinstance(given, ast.Name) and given.id in outline.guarded and steps < _MAX_STEPS:
        guards = [part for part in outline.tree.body if isinstance(part, ast.If)]
        bound = next(filter(None, (assigned_to(given.id, one.body) for one in guards)), None)
        return bound and script_value(bound, outline, steps + 1)
    value = _Defaults(outline).visit(ast.parse(ast.unparse(given), mode="eval").body)
    loads = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return None if loads & outline.guarded else value


class _Defaults(ast.NodeTransformer):
    """Puts the defaults of `add_argument("--model", default=…)` in the places of `args.model`."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Replaces it where the command line would give it, and need not."""
        if not isinstance(node.value, ast.Name) or node.value.id not in self._outline.guarded:
            return node
        for call in ast.walk(self._outline.tree):
            if not isinstance(call, ast.Call) or called_name(call) != "add_argument":
                continue
            names = [name.value for name in call.args if isinstance(name, ast.Constant)]
            options = [name for name in names if isinstance(name, str) and name.startswith("--")]
            if not any(name.lstrip("-").replace("-", "_") == node.attr for name in options):
                continue
            given = {word.arg: word.value for word in call.keywords}
            if "required" not in given or ast.unparse(given["required"]) == "False":
                flags = {"'store_true'": False, "'store_false'": True}
                action = given.get("action")
                flag = flags.get(ast.unparse(action)) if action else None
                return given.get("default") or ast.Constant(flag)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """`args.model or X` is `X` where the command line gives nothing."""
        values = [self.visit(value) for value in node.values]
        is_either = isinstance(node.op, ast.Or)
        left = [one for one in values if not (is_either and ast.unparse(one) == "None")]
        return left[0] if len(left) == 1 else ast.BoolOp(node.op, left or values)
