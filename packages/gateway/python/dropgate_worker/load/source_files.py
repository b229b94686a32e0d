"""The author's files as one generation sees them: each is read once, and what was read stays."""

import hashlib
import io
import os
import stat
import tokenize

from ..explain.load_failure import SourceReadError
from ..protocol.messages import LoadedFile

# No one writes a source file of this size.
SOURCE_LIMIT_BYTES = 8 * 1024 * 1024


class SourceFiles:
    """
    Reads from disk, or, of a kept generation, the bytes kept under their hash. A file that a kept generation had not
    loaded when it was kept (a late import) comes from disk.
    """

    def __init__(self, kept: dict[str, str] | None, kept_folder: str) -> None:
        self._kept = kept
        self._kept_folder = kept_folder
        self._contents: dict[str, bytes] = {}
        self._recorded: dict[str, str] = {}

    def read(self, path: str) -> bytes:
        """Bytes of a file that becomes part of the generation. Raises `OSError` or `SourceReadError`."""
        data = self._bytes_of(path)
        if path not in self._recorded:
            self._recorded[path] = hashlib.sha256(data).hexdigest()
        return data

    def peek(self, path: str) -> str:
        """Text of a file for a message; empty where it cannot be read."""
        try:
            return decode_source(self._bytes_of(path))
        except (OSError, SourceReadError, SyntaxError, ValueError, LookupError):
            # A file may name a codec that gives no text, or that fails in its own way.
            return ""

    def has(self, path: str) -> bool:
        """True where the generation or the disk holds the file."""
        return (self._kept is not None and path in self._kept) or os.path.isfile(path)

    def loaded(self, entry: str) -> list[LoadedFile]:
        """Files read so far with their hashes, the entry first."""
        files: list[LoadedFile] = [
            {"path": path, "sha256": sha256} for path, sha256 in self._recorded.items()
        ]
        return sorted(files, key=lambda file: file["path"] != entry)

    def keep(self) -> None:
        """Writes the bytes of all files read so far below the kept folder, each named by its hash."""
        if self._kept is not None:
            return
        try:
            os.makedirs(self._kept_folder, mode=0o700, exist_ok=True)
            for path, sha256 in self._recorded.items():
                _keep_bytes(os.path.join(self._kept_folder, sha256), self._contents[path])
        except OSError:
            # The gateway keeps them too, and says so where it cannot.
            pass

    def _bytes_of(self, path: str) -> bytes:
        if path in self._contents:
            return self._contents[path]
        sha256 = self._kept.get(path) if self._kept else None
        self._contents[path] = self._kept_bytes(path, sha256) if sha256 else _read_file(path, path)
        return self._contents[path]

    def _kept_bytes(self, path: str, sha256: str) -> bytes:
        # Another process of this user can write there too: a name is no proof of what it holds.
        data = _read_file(os.path.join(self._kept_folder, sha256), path)
        if hashlib.sha256(data).hexdigest() == sha256:
            return data
        raise SourceReadError(
            path,
            code="kept_bytes_changed",
            reason="is not what was loaded: somebody changed the bytes that the gateway kept of it.",
            hint=(
                "See who can write into .dropgate, then load the agent from its folder again: "
                "`dropgate agents refresh --force`."
            ),
        )


def refuse_null_bytes(data: bytes, path: str) -> None:
    """Raises `SyntaxError` with the place of the first, which Python itself does not tell."""
    at = data.find(b"\0")
    if at != -1:
        line = data.count(b"\n", 0, at) + 1
        raise SyntaxError("it has a byte that is 0", (path, line, 1, None))


def decode_source(data: bytes) -> str:
    """Text of Python source in the encoding it declares."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline=None).read()


def _read_file(file: str, path: str) -> bytes:
    # Without waiting: to open a pipe would last until somebody writes to it.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceReadError(
                path,
                code="not_a_file",
                reason="is a pipe, socket or device, not a file.",
                hint="Put a file in its place.",
            )
        data = opened.read(SOURCE_LIMIT_BYTES)
    if len(data) == SOURCE_LIMIT_BYTES:
        raise SourceReadError(
            path,
            code="file_too_large",
            reason="is too large; a source file has less than 8 MiB.",
            hint="Move data out of the source, into a file that it reads.",
        )
    return data


def _is_kept(target: str, data: bytes) -> bool:
    try:
        return _read_file(target, target) == data
    except (OSError, SourceReadError):
        return False


def _keep_bytes(target: str, data: bytes) -> None:
    if _is_kept(target, data):
        return
    unfinished = f"{target}.{os.getpid()}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    # Renamed into place, so that a reader never sees half a file.
    os.replace(unfinished, target)
