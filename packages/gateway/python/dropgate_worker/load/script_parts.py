"""What a file does as a script, beside building its agent: it may fail, and what never ends is left out."""

from __future__ import annotations

import ast
import traceback

from ..explain.failure_detail import own_frame, text_of
from ..explain.load_failure import LoadHangs, finding
from ..explain.outline import Function, called_name, is_agent_call
from ..explain.seen import Seen
from ..protocol.messages import Finding
from .calls_at_load import is_refused

# Classes of packages whose instances have a `run` that serves for good.
_SERVERS = ("FastAPI", "FastMCP", "Flask", "MCPServer", "Quart", "Sanic", "Starlette")

_ENDLESS = ("launch", "serve_forever", "run_forever", "run_polling", "run_app", "run_demo_loop")


def leave_out_servers(tree: ast.Module) -> list[ast.stmt]:
    """Takes what never ends out of the top level, where it is no more than a statement; gives what it took."""
    servers = {
        target.id
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Call)
        and called_name(statement.value) in _SERVERS
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    functions = {one.name: one for one in tree.body if isinstance(one, Function)}
    left = [statement for statement in tree.body if _is_endless(statement, servers, functions)]
    tree.body = [statement for statement in tree.body if statement not in left]
    return left


def explain_left_out(statement: ast.stmt, seen: Seen) -> Finding:
    """A warning: the agent is served without it."""
    file, line = seen.load["entry"].rpartition("/")[2], statement.lineno
    does = "waits for input" if isinstance(statement, ast.While) else "starts what never ends"
    shown = ast.unparse(statement).split("\n")[0]
    said = f"{file} {does} while it is loaded (line {line}: `{shown}`), so that is left out; the agent is served."
    hint = 'Put it under `if __name__ == "__main__":`.'
    place = seen.located_at(line)
    return {**finding("script_left_out", said, hint, place), "severity": "warning"}


def _is_endless(statement: ast.stmt, servers: set[str], functions: dict[str, Function]) -> bool:
    if isinstance(statement, ast.While):
        return any(
            isinstance(node, ast.Call) and called_name(node) == "input"
            for node in ast.walk(statement)
        )
    if not isinstance(statement, ast.Expr):
        return False
    calls = _calls_of(statement.value, functions, set())
    return any(called_name(call) in _ENDLESS or _runs_server(call, servers) for call in calls)


def _calls_of(node: ast.AST, functions: dict[str, Function], known: set[str]) -> list[ast.Call]:
    """Calls in a statement and in the file's own functions that it calls, such as `main()`."""
    calls = [child for child in ast.walk(node) if isinstance(child, ast.Call)]
    for call in [*calls]:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in functions and name not in known:
            known.add(name)
            calls.extend(_calls_of(functions[name], functions, known))
    return calls


def _runs_server(call: ast.Call, servers: set[str]) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in ("run", "run_async"):
        return False
    return isinstance(function.value, ast.Name) and function.value.id in ("uvicorn", *servers)


def rest_after(error: BaseException, tree: ast.Module, entry: str) -> ast.Module | None:
    """What follows the statement that failed, where that is no more than a call, or was refused; None else."""
    failed = _failed_statement(error, tree.body, entry)
    if failed is None or isinstance(error, (SyntaxError, ImportError, LoadHangs)):
        return None
    is_plain = isinstance(failed, ast.Expr) and not any(map(is_agent_call, ast.walk(failed)))
    if not is_plain and not (is_refused(error) and isinstance(failed, (ast.Assign, ast.AnnAssign))):
        return None
    return ast.Module(tree.body[tree.body.index(failed) + 1 :], [])


def script_failure(error: BaseException, seen: Seen) -> Finding | None:
    """A warning, where what failed is a statement that builds nothing, with nothing built after it; None else."""
    body = seen.outline.tree.body
    failed = _failed_statement(error, body, seen.load["entry"])
    if failed is None or isinstance(error, (SyntaxError, ImportError)):
        return None
    return None if any(map(_builds, body[body.index(failed) :])) else explain_script(error, seen)


def _failed_statement(error: BaseException, body: list[ast.stmt], entry: str) -> ast.stmt | None:
    line = _entry_line(error, entry)
    return next((one for one in body if one.lineno <= line <= (one.end_lineno or 0)), None)


def _entry_line(error: BaseException, entry: str) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in frames if frame.filename == entry), 0)


def explain_script(error: BaseException, seen: Seen) -> Finding:
    """A warning: what the file does as a script failed."""
    entry = seen.load["entry"]
    line = _entry_line(error, entry)
    said = f"{type(error).__name__}: {text_of(error)}".removesuffix(": ")
    if isinstance(error, LoadHangs):
        said = text_of(error)
    if isinstance(error, SystemExit):
        said = f"it ended itself with exit code {0 if error.code is None else error.code}"
    frame = error.place if isinstance(error, LoadHangs) else own_frame(error)
    deepest = frame["line"] if frame and frame["file"] == entry else line
    file = entry.rpartition("/")[2]
    told = f"{file} failed on its own while it was loaded (line {deepest}: {said}); the agent is served all the same."
    hint = f'Put line {line} under `if __name__ == "__main__":`.'
    return {**finding("script_failed", told, hint, seen.located_at(deepest)), "severity": "warning"}


def _builds(statement: ast.stmt) -> bool:
    """True for what the agent may be made of."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    if isinstance(statement, kinds):
        return True
    return any(
        is_agent_call(node) or (isinstance(node, ast.Name) and node.id == "__gateway__")
        for node in ast.walk(statement)
    )
