"""Says which environment variable a module lacks, where that is why it failed."""

from __future__ import annotations

import ast
import os
import re
import traceback

from ..protocol.messages import Finding, ModuleLoad
from .code_frame import ReadText, locate
from .failure_detail import own_frame, shown_path, text_of
from .load_failure import finding

# How variables are read, beside `os.environ["X"]`: `os.getenv("X")`, `os.environ.get("X")`, `config("X")`.
_READERS = ("getenv", "get", "config")

# Words of messages about variables, and about values that are not there.
_ABOUT_VARIABLES = re.compile(
    r"\benv\b|environ|\.env\b|\bnot set\b|\bset\b|missing|api.?key", re.IGNORECASE
)
_ABOUT_NOTHING = re.compile(r"NoneType|credentials|must be (set|provided)|not None|str expected")


def explain_missing_variable(
    error: BaseException, load: ModuleLoad, read: ReadText
) -> Finding | None:
    """A finding for a failure that comes of a variable which is not set; None for any other."""
    frame = own_frame(error)
    file = frame["file"] if frame else load["entry"]
    name = _missing_key(error) or _named_in(error, file, read)
    if name is None:
        return None
    said = f"{shown_path(file)} needs the environment variable `{name}`, which is not set."
    beside = f"{shown_path(load['folder'])}/.env"
    place = locate(file, frame, read)
    return finding("missing_variable", said, f"Write `{name}=…` into {beside}.", place)


def _missing_key(error: BaseException) -> str | None:
    """Of `os.environ["X"]`."""
    frames = traceback.extract_tb(error.__traceback__)
    if not isinstance(error, KeyError) or not frames or not error.args:
        return None
    is_of_environment = os.path.basename(frames[-1].filename) in ("os.py", "<frozen os>")
    return str(error.args[0]) if is_of_environment else None


def _named_in(error: BaseException, file: str, read: ReadText) -> str | None:
    """A variable that is not set, and which the message, or the statement that failed, is about."""
    text, message = read(file), text_of(error)
    bound = _bound_to(text)
    for name in re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", message):
        # The gateway sets those, and a key of an upstream does not belong beside a module.
        if name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            continue
        is_its = name in bound.values() or (
            _ABOUT_VARIABLES.search(message) and f'"{name}"' in text
        )
        if is_its and not os.environ.get(name):
            return name
    frame = own_frame(error)
    if frame is None or not (_ABOUT_NOTHING.search(message) or _ABOUT_VARIABLES.search(message)):
        return None
    used = _names_around(text, frame["line"])
    return next(
        (name for key, name in bound.items() if key in used and not os.environ.get(name)), None
    )


def _bound_to(text: str) -> dict[str, str]:
    """Names of variables without a default, by what their values are bound to, and by themselves."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        name = _variable_of(node)
        if name is not None:
            found[name] = name
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        of_value = next(filter(None, map(_variable_of, ast.walk(node.value))), None)
        if isinstance(target, ast.Name) and of_value is not None:
            found[target.id] = of_value
    return found


def _names_around(text: str, line: int) -> set[str]:
    """What a statement uses: names, and variables it reads itself; of one that raises, those of its condition too."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    around = [node for node in nodes if node.lineno <= line <= (node.end_lineno or node.lineno)]
    around.sort(key=lambda node: (node.end_lineno or node.lineno) - node.lineno)
    parts: list[ast.AST] = [*around[:1]]
    if around and isinstance(around[0], ast.Raise):
        parts.extend(node.test for node in around if isinstance(node, ast.If))
    inner = [node for part in parts for node in ast.walk(part)]
    names = {node.id for node in inner if isinstance(node, ast.Name)}
    return names | set(filter(None, map(_variable_of, inner)))


def _is_empty(default: ast.expr) -> bool:
    return isinstance(default, ast.Constant) and not default.value


def _variable_of(node: ast.AST) -> str | None:
    given: ast.expr | None = None
    if isinstance(node, ast.Call) and node.args and all(map(_is_empty, node.args[1:])):
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        given = node.args[0] if name in _READERS else None
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        given = node.slice if ast.unparse(node.value).endswith("environ") else None
    name = given.value if isinstance(given, ast.Constant) else None
    return name if isinstance(name, str) and re.fullmatch(r"[A-Z][A-Z0-9_]+", name) else None
