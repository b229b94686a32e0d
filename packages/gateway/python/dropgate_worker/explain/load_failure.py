"""Says what is wrong with a module from what its import raised: the author's line and an action."""

import os
import re
import traceback

from ..protocol import Finding, Frame, ModuleLoad, Place
from ..sdk import import_sdk
from .code_frame import Located, ReadText, locate, place_of
from .distributions import distribution_of, is_standard
from .failure_detail import is_local_path, own_frame, text_of
from .source_error import SourceReadError


def explain_load_error(error: BaseException, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding for anything raised. Never raises."""
    if isinstance(error, SystemExit):
        return _explain_exit(error, load, read)
    if isinstance(error, SourceReadError):
        message = f"{shown_path(error.file)} {error.reason}"
        return finding(error.code, message, error.hint, {"file": error.file})
    if isinstance(error, SyntaxError) and is_local_path(error.filename or ""):
        return _explain_syntax(error, read)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _explain_missing_module(error, load, read)
    if isinstance(error, ImportError) and error.name:
        return _explain_import(error, load, read)
    if isinstance(error, FileNotFoundError) and error.filename == os.path.realpath(load["entry"]):
        return finding(
            "missing_file",
            f"{load['modulePath']} does not exist.",
            hint="Add the file, or remove its folder.",
            place={"file": load["entry"]},
        )
    return explain_thrown(
        error,
        read,
        what=f"{load['modulePath']} raised while it was imported",
        hint="Fix what the top of the module does, or move it into a function that runs later.",
    )


def finding(code: str, message: str, hint: str, place: Located | None = None) -> Finding:
    """An error of stage `load`."""
    told: Finding = {
        "stage": "load",
        "code": code,
        "severity": "error",
        "message": message,
        "hint": hint,
    }
    return {**told, **place} if place else told


def explain_thrown(error: BaseException, read: ReadText, *, what: str, hint: str) -> Finding:
    """A finding for anything the author's code raised, with the deepest frame of their own."""
    frame = own_frame(error)
    said = f"{type(error).__name__}: {text_of(error)}".removesuffix(": ")
    place = locate(frame["file"], frame, read) if frame else None
    return finding("import_failed", f"{what}: {said}", hint, place)


def shown_path(path: str) -> str:
    """The path as people know it: below the project root where it lies there."""
    below = os.path.relpath(path, os.getcwd())
    return path if below.startswith("..") else below


def _explain_syntax(error: SyntaxError, read: ReadText) -> Finding:
    file = error.filename or ""
    place: Place = {"line": error.lineno or 1, "column": max(1, error.offset or 1)}
    hint = (
        "Indent with spaces only."
        if isinstance(error, TabError)
        else "Fix the syntax at the marked place."
    )
    message = f"{shown_path(file)} does not parse: {error.msg}"
    return finding("syntax_error", message, hint, locate(file, place, read))


def _explain_missing_module(
    error: ModuleNotFoundError, load: ModuleLoad, read: ReadText
) -> Finding:
    name = error.name or ""
    frame = own_frame(error)
    file = frame["file"] if frame else load["entry"]
    top = name.split(".")[0]
    place = locate(file, _import_place(top, file, frame, read), read)
    if name.startswith("_dropgate_") or _is_local_package(top, load):
        shown = name.partition(".")[2] if name.startswith("_dropgate_") else name
        return finding(
            "missing_file",
            f"{shown_path(file)} imports `{shown}`, which is not in the module's folder.",
            hint="Correct the name, or add the file.",
            place=place,
        )
    if is_standard(name):
        message = f"{shown_path(file)} imports `{name}`, which this Python does not have."
        return finding(
            "missing_package", message, hint="Use another version of Python.", place=place
        )
    distribution = distribution_of(name)
    importer = shown_path(file) if frame else load["modulePath"]
    return finding(
        "missing_package",
        f"{importer} imports `{name}`, but package `{distribution}` is not installed.",
        hint=install_hint(distribution, load),
        place=place,
    )


def install_hint(distribution: str, load: ModuleLoad) -> str:
    """How a distribution gets into the environment of the module."""
    command = _install_command(load)
    if distribution == "openai-agents":
        return f"Run {command}."
    folder = shown_path(load["folder"])
    return f"Write `{distribution}` into {folder}/requirements.txt, then run {command}."


def _install_command(load: ModuleLoad) -> str:
    return f"`dropgate deps install {load['agentId']}`"


def _explain_import(error: ImportError, load: ModuleLoad, read: ReadText) -> Finding:
    message = text_of(error)
    frame = own_frame(error)
    file = frame["file"] if frame else load["entry"]
    place = locate(file, frame, read)
    if "circular import" in message or "partially initialized" in message:
        return finding(
            "circular_import",
            f"{shown_path(file)} takes part in a circular import: {_plain_names(message)}",
            hint="Move what both files need into a third one, or import it inside a function.",
            place=place,
        )
    match = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", message)
    if match:
        name, module = match.groups()
        module = _plain_names(module)
        if module.split(".")[0] == "agents" and import_sdk() is None:
            return finding(
                "unofficial_package",
                f"{shown_path(file)} imports `{name}` from `agents`, but the package of that name that is "
                "installed is not OpenAI's Agents SDK.",
                hint=f"Remove it from the requirements, then run {_install_command(load)}.",
                place=place,
            )
        return finding(
            "missing_export",
            f"`{module}` has no `{name}`.",
            hint=f"Correct the name, or install the version of `{distribution_of(module)}` that has it.",
            place=place,
        )
    return explain_thrown(
        error,
        read,
        what=f"{load['modulePath']} raised while it was imported",
        hint="Fix the import at the marked place.",
    )


def _explain_exit(error: SystemExit, load: ModuleLoad, read: ReadText) -> Finding:
    frame = own_frame(error)
    code = 0 if error.code is None else error.code
    place = locate(frame["file"] if frame else load["entry"], frame, read)
    frames = traceback.extract_tb(error.__traceback__)
    if any(os.path.basename(one.filename) == "argparse.py" for one in frames):
        return finding(
            "process_exit",
            "The module reads its command line (argparse) while it is loaded, and there is none.",
            hint='Put `parse_args()` under `if __name__ == "__main__":`, or give its arguments default values.',
            place=place,
        )
    return finding(
        "process_exit",
        f"The module ended its process with exit code {code} while it was loaded.",
        hint="Remove sys.exit() from the top level of the module and of what it imports.",
        place=place,
    )


def _import_place(top: str, file: str, frame: Frame | None, read: ReadText) -> Place | None:
    pattern = rf"(?<=import )\s*{re.escape(top)}\b|(?<=from )\s*{re.escape(top)}\b"
    found = place_of(read(file), pattern)
    if frame and (found is None or found["line"] != frame["line"]):
        return frame
    return found


def _is_local_package(top: str, load: ModuleLoad) -> bool:
    return os.path.exists(os.path.join(load["folder"], top)) and top != "agents"


def _plain_names(message: str) -> str:
    return re.sub(r"_dropgate_[0-9a-f]{12}\.", "", message)
