"""Writes the factory for an agent that a function builds: the lines it takes there, as `build_agent`."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .outline import Built, Function, Outline, bound_names, top_statements
from .started import argument_given, calls_of, parameters_of, script_value

# A factory of more lines is no edit to show.
_MAX_LINES = 80
_MAX_CALLERS = 4

# The factory itself keeps what has to live as long as its agent.
_KEEPER = "build_agent"

# Methods that change what they are called on, as it is built.
_CHANGES = ("append", "extend", "insert", "add", "update", "setdefault", "mkdir")


@dataclass(frozen=True)
class FactoryForm:
    """`code` to add to the file; None where no code can be written. `needs` are the locals that it takes."""

    code: str | None
    needs: list[str]


def factory_form(built: Built, outline: Outline) -> FactoryForm:
    """The factory that builds the agent with all it needs of its function, and of those that call it."""
    if not built.inside:
        call = script_value(built.call, outline) or built.call
        return FactoryForm(f"agent = {ast.unparse(call)}", [])
    writer = _Writer(outline)
    function = built.inside[-1]
    needed = {built.name} if built.name else _loads(built.call) & _locals(function)
    lines, needs = writer.lines_before(_last_node(built, outline), needed, built.inside)
    needs = [need for need in needs if need not in (built.name, _KEEPER)]
    if not needs and not writer.is_incomplete and len(lines) <= 1:
        return FactoryForm(f"agent = {ast.unparse(built.call)}", [])
    bound = {name for line in lines for name in bound_names(line)}
    # What the file makes only as a script is not there when its agent is loaded.
    if writer.is_incomplete or any(_loads(line) & (outline.guarded - bound) for line in lines):
        return FactoryForm(None, needs)
    served = built.name or ast.unparse(built.call)
    code = _written([*_connected(lines), ast.parse(f"return {served}").body[0]])
    return FactoryForm(code if len(code.splitlines()) <= _MAX_LINES else None, needs)


def _last_node(built: Built, outline: Outline) -> ast.AST:
    """Where the agent is whole: at the call that starts it, else where it is built."""
    for start in outline.starts:
        is_its = isinstance(start.given, ast.Name) and start.given.id == built.name
        if is_its and start.inside == built.inside:
            return start.call
    return built.call


class _Writer:
    """Collects statements backwards from a node: each that binds or changes a name which is needed."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self.is_incomplete = False

    def lines_before(
        self, node: ast.AST, needed: set[str], inside: tuple[Function, ...], callers: int = 0
    ) -> tuple[list[ast.stmt], list[str]]:
        """Statements of the function, up to the node's own, that make the locals it needs; and all those locals."""
        function = inside[-1]
        locals_of = {*_locals(function), _KEEPER}
        chosen: list[ast.stmt] = []
        wanted: list[str] = []
        # Names bound in a branch or loop alone: they may be bound before it, too.
        maybe: set[str] = set()
        for step in reversed(_steps_to(function.body, node)):
            inside_it = _bound_inside(step)
            bound = (bound_names(step) | _changed(step) | inside_it) & needed
            if bound:
                wanted.extend(sorted(bound))
                chosen.append(step)
                maybe |= inside_it
                needed = (needed - bound_names(step)) | (_loads(step) & locals_of)
        parameters = {argument.arg for argument in parameters_of(function)}
        needed -= {_KEEPER, *(maybe - parameters)}
        given, missing = self._given(function, needed, callers)
        wanted.extend(missing)
        return [*given, *reversed(chosen)], list(dict.fromkeys(reversed(wanted)))

    def _given(
        self, function: Function, needed: set[str], callers: int
    ) -> tuple[list[ast.stmt], list[str]]:
        """What gives the function its parameters, from the first call of it."""
        parameters = [
            argument.arg for argument in parameters_of(function) if argument.arg in needed
        ]
        if needed - set(parameters):
            self.is_incomplete = True
        if not parameters:
            return [], []
        calls = calls_of(self._outline, function.name) if callers < _MAX_CALLERS else []
        was_incomplete = self.is_incomplete
        for call, around in calls:
            lines = self._given_by(call, around, function, parameters, callers)
            if self.is_incomplete == was_incomplete:
                return lines, parameters
            self.is_incomplete = was_incomplete
        return self._defaults(function, parameters), parameters

    def _given_by(
        self,
        call: ast.Call,
        around: tuple[Function, ...],
        function: Function,
        parameters: list[str],
        callers: int,
    ) -> list[ast.stmt]:
        before: list[ast.stmt] = []
        if around and around[-1] is not function:
            needs = _loads(call) & _locals(around[-1])
            before, _ = self.lines_before(call, needs, around, callers + 1)
        for name in parameters:
            value = argument_given(call, function, name)
            if value is not None and not around:
                value = script_value(value, self._outline)
            if value is None:
                before.extend(self._defaults(function, [name]))
            elif not (isinstance(value, ast.Name) and value.id == name):
                before.append(_assignment(name, value))
        return before

    def _defaults(self, function: Function, names: list[str]) -> list[ast.stmt]:
        positional = [*function.args.posonlyargs, *function.args.args]
        values = dict(
            zip(
                [argument.arg for argument in positional[::-1]],
                function.args.defaults[::-1],
                strict=False,
            )
        )
        for argument, default in zip(
            function.args.kwonlyargs, function.args.kw_defaults, strict=True
        ):
            if default is not None:
                values[argument.arg] = default
        lines: list[ast.stmt] = []
        for argument in parameters_of(function):
            if argument.arg in names and argument.arg not in values:
                # What only somebody at a command line knows is asked of the environment, where it is a text.
                kind = ast.unparse(argument.annotation) if argument.annotation else ""
                self.is_incomplete = self.is_incomplete or kind not in ("str", "str | None")
                read = f"os.environ['{argument.arg.upper()}']"
                values[argument.arg] = ast.parse(read, mode="eval").body
                lines = ast.parse("import os").body
        return [*lines, *(_assignment(name, values[name]) for name in names)]


def _steps_to(body: list[ast.stmt], node: ast.AST) -> list[ast.stmt]:
    """Statements that run before the node, one that holds it last; `with` becomes an assignment."""
    steps: list[ast.stmt] = []
    for statement in body:
        if not any(child is node for child in ast.walk(statement)):
            steps.append(statement)
            continue
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            steps.extend(_entered(statement))
        inner = [
            block
            for name in ("body", "orelse", "finalbody")
            for block in [getattr(statement, name, [])]
            if any(child is node for part in block for child in ast.walk(part))
        ]
        return [*steps, *(_steps_to(inner[0], node) if inner else [statement])]
    return steps


def _entered(statement: ast.With | ast.AsyncWith) -> list[ast.stmt]:
    # An MCP server is connected by whoever serves the agent. Of other things only entering gives the value, which lives
    # as long as they do: a folder of `tempfile`, for one.
    steps: list[ast.stmt] = []
    for item in statement.items:
        if not isinstance(item.optional_vars, ast.Name):
            continue
        name, source = item.optional_vars.id, ast.unparse(item.context_expr)
        if "MCPServer" in source.split("(")[0]:
            steps.extend(ast.parse(f"{name} = {source}").body)
            continue
        is_async = isinstance(statement, ast.AsyncWith)
        entered = "await kept.__aenter__()" if is_async else "kept.__enter__()"
        kept = f"{_KEEPER}.{name}"
        steps.extend(ast.parse(f"{kept} = {source}; {name} = {entered.replace('kept', kept)}").body)
    return steps


def _connected(lines: list[ast.stmt]) -> list[ast.stmt]:
    """With tool servers connected that something is awaited of before there is an agent."""
    servers: dict[str, ast.stmt] = {}
    asked: list[ast.stmt] = []
    for line in lines:
        value = line.value if isinstance(line, ast.Assign) else None
        used = {server for server in servers if server in _loads(line)}
        if isinstance(value, ast.Call) and "MCPServer" in ast.unparse(value.func):
            servers.update(dict.fromkeys(bound_names(line), line))
        elif isinstance(value, ast.Name) and used:
            servers.update(dict.fromkeys(bound_names(line), servers[value.id]))
        elif any(isinstance(node, ast.Await) for node in ast.walk(line)):
            asked.extend(servers[server] for server in used)
    connected: list[ast.stmt] = []
    for line in lines:
        connected.append(line)
        if line in asked:
            name = next(iter(bound_names(line)))
            connected.extend(ast.parse(f"await {name}.connect()", mode="exec").body)
    return connected


def _assignment(name: str, value: ast.expr) -> ast.stmt:
    return ast.parse(f"{name} = {ast.unparse(value)}").body[0]


def _locals(function: Function) -> set[str]:
    names = {argument.arg for argument in parameters_of(function)}
    for node in ast.walk(function):
        if node is not function and isinstance(node, ast.stmt):
            names |= bound_names(node)
        if isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            names.add(node.optional_vars.id)
    return names


def _loads(node: ast.AST) -> set[str]:
    """Names that it takes from around it."""
    names = {
        name.id
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
    }
    return names - _locals(node) if isinstance(node, Function) else names


def _bound_inside(step: ast.stmt) -> set[str]:
    """Names that the statements inside of another one bind or change."""
    inner = [] if isinstance(step, Function) else [*top_statements([step])][1:]
    return {name for one in inner for name in bound_names(one) | _changed(one)}


def _changed(statement: ast.stmt) -> set[str]:
    """Names of what a statement changes: `tools.append(x)`, `triage.handoffs = [x]`."""
    if isinstance(statement, ast.Assign):
        changed = [target for target in statement.targets if not isinstance(target, ast.Name)]
    elif (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
        and statement.value.func.attr in _CHANGES
    ):
        changed = [statement.value.func.value]
    else:
        return set()
    return {root for root in map(_root_name, changed) if root}


def _root_name(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _written(lines: list[ast.stmt]) -> str:
    waits = any(
        isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith))
        for line in lines
        for node in ast.walk(line)
        if not isinstance(line, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    body = "\n".join(ast.unparse(line) for line in lines).replace("\n", "\n    ")
    return f"{'async ' if waits else ''}def {_KEEPER}():\n    {body}"
