"""What findings about a load are made of, and those of files that do not parse or end their process."""

import os
import re
import sys
import traceback

from ..protocol.messages import Finding, Frame, ModuleLoad, Place
from .code_frame import Located, ReadText, locate
from .failure_detail import own_frame, shown_path, shown_value, text_of

# Beginnings of code that an older Python does not parse, and the first version that does.
_NEWER_SYNTAX = (
    (r"^\s*type\s+\w+(\[.*\])?\s*=|^\s*(async\s+)?(def|class)\s+\w+\[", (3, 12)),
    (r"""\bf(["']).*\{[^}]*\1""", (3, 12)),
    (r"""\bt(["'])""", (3, 14)),
    (r"^\s*except\s+\w+\s*,\s*\w+\s*:", (3, 14)),
    (r"^\s*except\s*\*", (3, 11)),
)


class SourceReadError(ImportError):
    """
    A local file that is there and cannot become part of a generation. `reason` completes a sentence that begins with
    the path; `code` and `hint` are those of the finding.
    """

    def __init__(self, file: str, *, code: str, reason: str, hint: str) -> None:
        super().__init__(f"{file} {reason}")
        self.file = file
        self.code = code
        self.reason = reason
        self.hint = hint


class LoadHangs(BaseException):
    """The time of a load is over; `place` is the author's line it is in, None where that cannot be told."""

    def __init__(self, timeout_ms: int, place: Frame | None) -> None:
        super().__init__(f"it did not end within {timeout_ms} ms")
        self.timeout_ms = timeout_ms
        self.place = place


def explain_hanging(error: LoadHangs, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding with the line that a load hangs in."""
    place = error.place
    file = place["file"] if place else load["entry"]
    lines = read(file).splitlines()
    line = lines[place["line"] - 1].strip() if place and place["line"] <= len(lines) else ""
    where = (
        f": line {place['line']} of {os.path.basename(file)} goes on (`{line}`)" if place else ""
    )
    said = f"{load['modulePath']} did not finish loading within {error.timeout_ms} ms{where}."
    hint = (
        'Put what takes so long under `if __name__ == "__main__":`, or into a function that runs later; raise '
        "worker.load_timeout_ms if it needs the time."
    )
    return finding("load_timeout", said, hint, locate(file, place, read))


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


def explain_syntax(error: SyntaxError, read: ReadText) -> Finding:
    """A finding for a file of the author's that does not parse."""
    file = error.filename or ""
    place: Place = {"line": error.lineno or 1, "column": max(1, error.offset or 1)}
    hint = "Fix the syntax at the marked place."
    if "byte that is 0" in (error.msg or ""):
        hint = "Save the file as text in UTF-8."
    newer = _newer_python(error.text or "")
    if isinstance(error, TabError):
        hint = "Indent with spaces only."
    elif newer:
        own = f"{sys.version_info[0]}.{sys.version_info[1]}"
        hint = (
            f"This is Python {own}; the line needs {newer} or newer: name one with GATEWAY_PYTHON."
        )
    message = f"{shown_path(file)} does not parse: {error.msg}"
    return finding("syntax_error", message, hint, locate(file, place, read))


def _newer_python(line: str) -> str | None:
    for pattern, version in _NEWER_SYNTAX:
        if sys.version_info[:2] < version and re.search(pattern, line):
            return f"{version[0]}.{version[1]}"
    return None


def install_hint(distribution: str, load: ModuleLoad) -> str:
    """How a distribution gets into the environment of the module."""
    command = install_command(load)
    # The environment that modules share is made anew where it lacks one of these.
    is_shared = f"{os.sep}.dropgate{os.sep}python{os.sep}" in sys.prefix
    if distribution == "openai-agents" or (distribution == "python-dotenv" and is_shared):
        return f"Run {command}."
    folder = shown_path(load["folder"])
    return f"Write `{distribution}` into {folder}/requirements.txt, then run {command}."


def install_command(load: ModuleLoad) -> str:
    """What installs the requirements of the module."""
    return f"`dropgate deps install {load['agentId']}`"


def explain_exit(error: SystemExit, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding for a module that ends its process."""
    frame = own_frame(error)
    code = 0 if error.code is None else shown_value(error.code)
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


def plain_names(message: str) -> str:
    """Without the private name that the module's package has."""
    return re.sub(r"_dropgate_[0-9a-f]{12}\.", "", message)


def project_of(load: ModuleLoad) -> str | None:
    """The folder of the project; None for a module that does not lie in one."""
    end = os.sep + load["modulePath"]
    return load["entry"][: -len(end)] if load["entry"].endswith(end) else None
