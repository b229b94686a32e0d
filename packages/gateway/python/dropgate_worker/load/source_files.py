"""The author's files as one generation sees them: each is read once, and what was read stays."""

import hashlib
import io
import os
import tokenize

from ..protocol import LoadedFile


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
        """Bytes of a file that becomes part of the generation. Raises `OSError`."""
        data = self._bytes_of(path)
        if path not in self._recorded:
            self._recorded[path] = hashlib.sha256(data).hexdigest()
        return data

    def peek(self, path: str) -> str:
        """Text of a file for a message; empty where it cannot be read."""
        try:
            return decode_source(self._bytes_of(path))
        except (OSError, SyntaxError, UnicodeDecodeError):
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
        with open(os.path.join(self._kept_folder, sha256) if sha256 else path, "rb") as file:
            self._contents[path] = file.read()
        return self._contents[path]


def decode_source(data: bytes) -> str:
    """Text of Python source in the encoding it declares."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline=None).read()


def _keep_bytes(target: str, data: bytes) -> None:
    if os.path.isfile(target):
        return
    unfinished = f"{target}.{os.getpid()}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    # Renamed into place, so that a reader never sees half a file.
    os.replace(unfinished, target)
