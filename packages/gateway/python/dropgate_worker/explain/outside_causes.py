"""Says why a module raised, where that lies outside its own code: another version of a package, a file, a program."""

from __future__ import annotations

import ast
import difflib
import importlib.metadata
import inspect
import os
import re
import sys
import traceback
from collections.abc import Iterator

from ..protocol.messages import Finding, Frame, ModuleLoad
from ..sdk import import_sdk
from .code_frame import Located, ReadText, locate
from .distributions import distribution_of
from .failure_detail import is_local_path, own_frame, shown_path, text_of
from .load_failure import finding, install_command, plain_names, project_of

# Arguments of the SDK's that authors of older agents may not have, and the first version that takes them.
_SINCE = {"needs_approval": "0.8.0", "require_approval": "0.8.0"}

# Files of Python's own that start programs.
_STARTERS = ("subprocess.py", "unix_events.py", "base_events.py")


def explain_outside_cause(error: BaseException, load: ModuleLoad, read: ReadText) -> Finding | None:
    """A finding for what an installed package does not take, or a file or program that is not there; None else."""
    frame = own_frame(error)
    if frame is None:
        return None
    if isinstance(error, EOFError):
        said = f"{shown_path(frame['file'])} asks on the terminal while it is loaded, where nobody answers."
        hint = "Write the answer in its place, or read it from the environment."
        return finding("input_at_load", said, hint, locate(frame["file"], frame, read))
    return _unknown_argument(error, frame, load, read) or _missing_path(error, frame, load, read)


def missing_name(
    name: str, dotted: str, importer: str, place: Located, load: ModuleLoad
) -> Finding:
    """A finding for a name that a module does not have."""
    module = plain_names(dotted)
    if module.split(".")[0] == "agents" and import_sdk() is None:
        said = (
            f"{importer} imports `{name}` from `agents`, but the package of that name that is installed is not "
            "OpenAI's Agents SDK."
        )
        hint = f"Remove it from the requirements, then run {install_command(load)}."
        return finding("unofficial_package", said, hint, place)
    found = sys.modules.get(dotted)
    has = [key for key in vars(found) if not key.startswith("_")] if found else []
    near = difflib.get_close_matches(name, has, 1)
    hint = f"Correct the name, or install the version of `{distribution_of(module)}` that has it."
    if near:
        hint = f"Did you mean `{near[0]}`?"
    elif is_local_path(getattr(found, "__file__", None) or ""):
        hint = f"Correct the name, or define `{name}` in {module}."
    return finding("missing_export", f"`{module}` has no `{name}`.", hint, place)


def _unknown_argument(
    error: BaseException, frame: Frame, load: ModuleLoad, read: ReadText
) -> Finding | None:
    match = re.search(r"got an unexpected keyword argument '(\w+)'", text_of(error))
    if not isinstance(error, TypeError) or match is None:
        return None
    argument, tree = match[1], ast.parse(read(frame["file"]))
    callee = next(_callees_given(argument, frame["line"], tree), None)
    home = callee and _imported_as(callee.split(".")[0], tree)
    if callee and callee.endswith(".as_tool"):
        home, callee = ["agents", "Agent"], "Agent.as_tool"
    version = home and _version_of(home[0])
    if not callee or not home or not version:
        return None
    package, distribution = home[0].split(".")[0], distribution_of(home[0])
    said = (
        f"{shown_path(frame['file'])} gives `{callee}` the argument `{argument}`, which {distribution} {version}, "
        "as it is installed, does not take."
    )
    since = _SINCE.get(argument) if package == "agents" else None
    near = None if since else _near_parameter(argument, [*home, *callee.split(".")[1:]])
    version = f">={since}" if since else "==…"
    wanted = (
        f"Take openai-agents {since} or newer"
        if since
        else "Remove it, or name the version that takes it"
    )
    hint = (
        f"Did you mean `{near}`?"
        if near
        else f"{wanted}: write `{distribution}{version}` into {shown_path(load['folder'])}/requirements.txt, then run "
        f"{install_command(load)}."
    )
    place = locate(frame["file"], frame, read)
    code = "sdk_mismatch" if package == "agents" and not near else "unknown_argument"
    return finding(code, said, hint, place)


def _callees_given(argument: str, line: int, tree: ast.Module) -> Iterator[str]:
    """What is called with this argument at the line, dotted: `gr.Chatbot`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(word.arg == argument for word in node.keywords):
            callee = ast.unparse(node.func)
            if node.lineno <= line <= (node.end_lineno or line) and re.fullmatch(r"[\w.]+", callee):
                yield callee


def _imported_as(name: str, tree: ast.Module) -> list[str] | None:
    """The module that a name comes from, and what it is there: `["openai", "AsyncOpenAI"]`; None for one's own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if name == (alias.asname or alias.name.split(".")[0]):
                    return [alias.name if alias.asname else name]
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return [node.module, alias.name]
    return None


def _version_of(module: str) -> str | None:
    try:
        return importlib.metadata.version(distribution_of(module))
    except importlib.metadata.PackageNotFoundError:
        return None


def _near_parameter(argument: str, path: list[str]) -> str | None:
    """The parameter that this is one of the usual slips of."""
    value: object = sys.modules.get(path[0])
    for name in path[1:]:
        value = getattr(value, name, None)
    try:
        known = list(inspect.signature(value).parameters) if callable(value) else []
    except (TypeError, ValueError):
        known = []
    return next(iter(difflib.get_close_matches(argument, known, 1, 0.75)), None)


def _missing_path(
    error: BaseException, frame: Frame, load: ModuleLoad, read: ReadText
) -> Finding | None:
    if not isinstance(error, FileNotFoundError) or not isinstance(error.filename, (str, bytes)):
        return None
    path, file = os.fsdecode(error.filename), shown_path(frame["file"])
    place = locate(frame["file"], frame, read)
    frames = traceback.extract_tb(error.__traceback__)
    if any(os.path.basename(one.filename) in _STARTERS for one in frames):
        if os.sep in path:
            said = f"{file} starts a program, and `{path}` is not there."
            hint = "Correct the path of the program, or of the folder that it is to work in."
            return finding("missing_program", said, hint, place)
        said = f"{file} starts the program `{path}`, which is not on this machine."
        hint = "Install it, or correct its name; it is sought in PATH."
        return finding("missing_program", said, hint, place)
    said = f"{file} needs the file `{path}`, which is not there"
    if os.path.isabs(path):
        hint = f"Put it there ({shown_path(path)}), or correct the path."
        return finding("missing_file", f"{said}.", hint, place)
    working = os.getcwd()
    said += f": relative paths begin in {shown_path(working)}, where the agent works."
    project = project_of(load)
    hint = f"Put it there ({shown_path(os.path.join(working, path))}), or write its whole path."
    if project and os.path.exists(os.path.join(project, path)):
        hint = (
            "The project has it: copy it beside the agent, or let the agent work there: "
            '`__gateway__ = {"cwd": "project"}`.'
        )
    return finding("missing_file", said, hint, place)
