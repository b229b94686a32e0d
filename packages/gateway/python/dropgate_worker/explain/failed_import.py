"""Says why a module could not be imported: the author's line and an action, whatever was raised."""

from __future__ import annotations

import importlib.util
import os
import re
import traceback
from dataclasses import dataclass
from types import ModuleType

from ..protocol.messages import Finding, Frame, ModuleLoad, Place
from .code_frame import Located, ReadText, locate, place_of
from .distributions import distribution_of, is_known, is_standard
from .failure_detail import is_local_path, own_frame, shown_path, text_of
from .load_failure import (
    LoadHangs,
    SourceReadError,
    explain_exit,
    explain_hanging,
    explain_syntax,
    explain_thrown,
    finding,
    install_command,
    install_hint,
    plain_names,
    project_of,
)
from .missing_variable import explain_missing_variable
from .no_pick import FACTORY_NAMES
from .outside_causes import explain_outside_cause, missing_name


def explain_failed_import(error: BaseException, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding for anything raised."""
    if isinstance(error, LoadHangs):
        return explain_hanging(error, load, read)
    if isinstance(error, (RecursionError, MemoryError)) and own_frame(error) is None:
        said = f"{load['modulePath']} is nested deeper than Python reads: {text_of(error)}"
        hint = "Split what is nested so deeply, such as a long sum, into several statements."
        return finding("syntax_error", said, hint, {"file": load["entry"]})
    if isinstance(error, SystemExit):
        return explain_exit(error, load, read)
    if isinstance(error, SourceReadError):
        message = f"{shown_path(error.file)} {error.reason}"
        return finding(error.code, message, error.hint, {"file": error.file})
    if isinstance(error, SyntaxError) and is_local_path(error.filename or ""):
        return explain_syntax(error, read)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _explain_missing_module(error, load, read)
    if isinstance(error, ImportError):
        return _explain_import(error, load, read)
    if isinstance(error, FileNotFoundError) and error.filename == os.path.realpath(load["entry"]):
        return finding(
            "missing_file",
            f"{load['modulePath']} does not exist.",
            hint="Add the file, or remove its folder.",
            place={"file": load["entry"]},
        )
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        failed = _failed_at(error, load, read)
        return missing_name(
            error.name or "", error.obj.__name__, failed.importer, failed.place, load
        )
    return (
        explain_missing_variable(error, load, read)
        or explain_outside_cause(error, load, read)
        or _explain_raised(error, load, read)
    )


def _explain_raised(error: BaseException, load: ModuleLoad, read: ReadText) -> Finding:
    frames = traceback.extract_tb(error.__traceback__)
    factory = next((one.name for one in frames if one.name in FACTORY_NAMES), None)
    if factory and factory in read(load["entry"]):
        what = f"`{factory}` of {load['modulePath']} raised"
        hint = "Fix what it does: it is called once, when the agent is loaded."
    else:
        what = f"{load['modulePath']} raised while it was imported"
        hint = "Fix what the top of the module does, or move it into a function that runs later."
    return explain_thrown(error, read, what=what, hint=hint)


@dataclass(frozen=True)
class _Failed:
    """An import that failed, and who imports: `importer` as people know the file."""

    load: ModuleLoad
    importer: str
    place: Located


def _failed_at(error: BaseException, load: ModuleLoad, read: ReadText) -> _Failed:
    frame = own_frame(error)
    file = frame["file"] if frame else load["entry"]
    return _Failed(load, shown_path(file), locate(file, frame, read))


def _explain_missing_module(
    error: ModuleNotFoundError, load: ModuleLoad, read: ReadText
) -> Finding:
    """A finding for a module that was not found. To install is advised only what is known: see `is_known`."""
    name = error.name or ""
    frame = own_frame(error)
    file = frame["file"] if frame else load["entry"]
    shown = plain_names(name)
    top = shown.split(".")[0]
    importer = shown_path(file) if frame else load["modulePath"]
    place = locate(file, _import_place(top, file, frame, read), read)
    failed = _Failed(load, importer, place)
    extra = _extra_of(text_of(error))
    if extra:
        return _missing_extra(extra, failed)
    if name.startswith("_dropgate_") or _is_local_package(top, load):
        said = f"{importer} imports `{shown}`, which is not in the module's folder."
        written = re.search(r"from\s+\.([\w.]+)", _line_at(place, read))
        path = (written[1] if written else shown).replace(".", "/")
        hint = f"Correct the name, or put {path}.py beside {os.path.basename(file)}."
        return finding("missing_file", said, hint, place)
    if is_standard(name):
        said = f"{importer} imports `{name}`, which this Python does not have."
        return finding("missing_package", said, "Use another version of Python.", place)
    if top != name and _is_installed(top):
        return _missing_part(name, top, failed)
    outside = _raising_package(error)
    if outside and outside != top:
        said = f"{importer} imports `{outside}`, which needs `{name}`, and that is not installed."
        return finding("missing_package", said, _needed_hint(name, outside, load), place)
    if not is_known(name):
        said = (
            f"{importer} imports `{name}`, which is neither in the module's folder nor installed."
        )
        wanted = re.search(
            rf"(?:from|import)\s+({re.escape(shown)}(?:\.\w+)*)", _line_at(place, read)
        )
        hint = _own_file_hint(top, wanted[1] if wanted else shown, load)
        return finding("missing_file", said, hint, place)
    distribution = distribution_of(name)
    said = f"{importer} imports `{name}`, but package `{distribution}` is not installed."
    return finding("missing_package", said, install_hint(distribution, load), place)


def _explain_import(error: ImportError, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding for a name that could not be imported."""
    message, failed = text_of(error), _failed_at(error, load, read)
    if "circular import" in message or "partially initialized" in message:
        itself = _own_name(message, failed)
        if itself:
            return itself
        said = f"{failed.importer} takes part in a circular import: {plain_names(message)}"
        hint = "Move what both files need into a third one, or import it inside a function."
        return finding("circular_import", said, hint, failed.place)
    if "beyond top-level package" in message:
        said = f"{failed.importer} imports from above the module's folder, which is in no package."
        hint = f"Copy what it needs into {shown_path(load['folder'])}, and import it by its plain name."
        return finding("missing_file", said, hint, failed.place)
    extra = _extra_of(message)
    if extra:
        return _missing_extra(extra, failed)
    match = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", message)
    if match:
        return missing_name(match[1], match[2], failed.importer, failed.place, load)
    return explain_thrown(
        error,
        read,
        what=f"{load['modulePath']} raised while it was imported",
        hint="Fix the import at the marked place.",
    )


def _own_name(message: str, failed: _Failed) -> Finding | None:
    """The file imports a name from a file that is called as it is itself, and so from itself."""
    own = os.path.splitext(_entry(failed.load))[0]
    match = re.search(r"import name '(\w+)' from partially initialized module '([\w.]+)'", message)
    if not match or plain_names(match[2]) != own or failed.place["file"] != failed.load["entry"]:
        return None
    said = f"{failed.importer} imports `{match[1]}` from `{own}`, which is this very file."
    put = f"put it beside this one under another name, such as my_{own}.py"
    hint = f"If it is another file of yours that was called {own}.py, {put}, and import `my_{own}`."
    return finding("circular_import", said, hint, failed.place)


def _missing_extra(extra: str, failed: _Failed) -> Finding:
    said = f"{failed.importer} imports what only `{extra}` brings, which is not installed."
    return finding("missing_package", said, install_hint(extra, failed.load), failed.place)


def _missing_part(name: str, top: str, failed: _Failed) -> Finding:
    said = f"{failed.importer} imports `{name}`, but the installed `{top}` has no such part."
    hint = f"Correct the name, or install the version of `{distribution_of(top)}` that has it."
    local = _folder_with(top, failed.load)
    if top == "agents" and local:
        hides = "`agents` is the Agents SDK, which hides the folder of that name"
        said = f"{failed.importer} imports `{name}`, but {hides}."
        hint = f"Rename {shown_path(os.path.join(local, top))}, such as to `my_agents`, and what imports it."
    elif top == "agents":
        part = name.split(".")[1]
        put = f"put {part}.py beside {_entry(failed.load)} and import `{part}`"
        hint = f"If it is a file of yours, {put}: `agents` is the Agents SDK."
    return finding("missing_export", said, hint, failed.place)


def _line_at(place: Located, read: ReadText) -> str:
    lines, number = read(place["file"]).splitlines(), place.get("line", 0)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def _own_file_hint(top: str, dotted: str, load: ModuleLoad) -> str:
    """A name that nobody knows is most likely the author's own: to install a stranger's package would be a danger."""
    folder = _folder_with(top, load)
    if folder:
        below = os.path.relpath(folder, load["folder"])
        variable = f"write `PYTHONPATH={below}` into {shown_path(load['folder'])}/.env"
        return f"{shown_path(folder)} has it: {variable}, or copy it beside {_entry(load)}."
    put = f"put {dotted.replace('.', '/')}.py beside {_entry(load)}"
    return (
        f"If it is a file of yours, {put}. If it is a package, write the name that its own documentation says into "
        f"{shown_path(load['folder'])}/requirements.txt, then run {install_command(load)}."
    )


def _needed_hint(name: str, outside: str, load: ModuleLoad) -> str:
    if is_known(name):
        return install_hint(distribution_of(name), load)
    return f"See in the documentation of `{distribution_of(outside)}` which extra brings it."


def _folder_with(top: str, load: ModuleLoad) -> str | None:
    """The nearest folder above the module's, and of the project, that holds a file or folder of this name."""
    root = project_of(load)
    folder = load["folder"]
    while root and folder.startswith(root) and folder != root:
        folder = os.path.dirname(folder)
        place = os.path.join(folder, top)
        if os.path.isfile(f"{place}.py") or _holds_python(place):
            return folder
    return load["folder"] if _holds_python(os.path.join(load["folder"], top)) else None


def _holds_python(folder: str) -> bool:
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False


def _entry(load: ModuleLoad) -> str:
    return os.path.basename(load["entry"])


def _extra_of(message: str) -> str | None:
    """`openai-agents[litellm]`, where an installed package asks for an extra of its own."""
    match = re.search(r"pip install [\"'`]*(([\w.-]+)\[[\w.,-]+\])", message)
    return (
        match[1] if match and _is_installed(match[2].replace("openai-agents", "agents")) else None
    )


def _is_installed(top: str) -> bool:
    try:
        return importlib.util.find_spec(top.replace("-", "_")) is not None
    except (ImportError, ValueError):
        return False


def _raising_package(error: ImportError) -> str | None:
    """The installed package whose own import failed; None where it is the author's import."""
    frames = [
        one for one in traceback.extract_tb(error.__traceback__) if not one.filename.startswith("<")
    ]
    last = frames[-1].filename if frames else ""
    if is_local_path(last):
        return None
    match = re.search(r"site-packages[/\\](\w+)", last)
    return match[1] if match else None


def _import_place(top: str, file: str, frame: Frame | None, read: ReadText) -> Place | None:
    pattern = rf"(?<=import )\s*{re.escape(top)}\b|(?<=from )\s*{re.escape(top)}\b"
    found = place_of(read(file), pattern)
    if frame and (found is None or found["line"] != frame["line"]):
        return frame
    return found


def _is_local_package(top: str, load: ModuleLoad) -> bool:
    return os.path.exists(os.path.join(load["folder"], top)) and top != "agents"
