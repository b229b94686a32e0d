"""Newline-delimited JSON in UTF-8 over the socket to the gateway. Always reads; one write for all of one tick."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from typing import Any, cast

from .protocol import Message


class ChannelFailure(Exception):
    """Why a channel closed by itself: `line_too_long` or `not_json`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LineReader:
    """Cuts bytes into lines before decoding, so that no character is split. An unfinished last line is dropped."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._partial: list[bytes] = []
        self._partial_bytes = 0

    def push(self, chunk: bytes, on_message: Callable[[Message], None]) -> None:
        """Hands on each whole message. Raises `ChannelFailure`; what follows is then not worth reading."""
        start = 0
        while (end := chunk.find(b"\n", start)) != -1:
            self._check_length(self._partial_bytes + end - start)
            line = chunk[start:end]
            if self._partial:
                line = b"".join([*self._partial, line])
                self._partial, self._partial_bytes = [], 0
            start = end + 1
            on_message(parse_message(line))
        if start == len(chunk):
            return
        self._partial.append(chunk[start:])
        self._partial_bytes += len(chunk) - start
        self._check_length(self._partial_bytes)

    def _check_length(self, length: int) -> None:
        if length > self._max_line_bytes:
            message = f"A line is longer than {self._max_line_bytes} bytes."
            raise ChannelFailure("line_too_long", message)


def parse_message(line: bytes) -> Message:
    """One message; raises `ChannelFailure` for anything but a JSON object with a text as `type`."""
    try:
        value: object = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        message = cast("Message", value)
        if isinstance(message.get("type"), str):
            return message
    raise ChannelFailure("not_json", 'A line is no JSON object with a "type".')


def line_of(message: Message) -> bytes:
    """The message as a line. Halves of characters, which UTF-8 cannot say, are escaped."""
    try:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=str)
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        return json.dumps(message, separators=(",", ":"), default=str).encode("ascii") + b"\n"


class Channel:
    """The worker's end of fd 3."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._transport: asyncio.Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: list[bytes] = []
        self._is_scheduled = False

    def connect(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to send; what was queued before goes out."""
        self._transport, self._loop = transport, loop
        self._flush()

    def send(self, message: Message) -> None:
        """Queues a message; all of one tick leave in one write. Only from the loop's own thread."""
        self._queue.append(line_of(message))
        if self._loop and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush)

    def flush_now(self, timeout_s: float) -> None:
        """Hands all that waits to the system, without the loop, as far as it takes it within the time."""
        self._flush()
        transport = self._transport
        waiting = b""
        if transport is not None and transport.get_write_buffer_size() > 0:
            waiting = b"".join(_unsent(transport))
        deadline = time.monotonic() + timeout_s
        while waiting and time.monotonic() < deadline:
            try:
                sent = self._sock.send(waiting)
                waiting = waiting[sent:]
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                return

    def _flush(self) -> None:
        self._is_scheduled = False
        if not self._queue or self._transport is None:
            return
        data = b"".join(self._queue)
        self._queue.clear()
        self._transport.write(data)


def _unsent(transport: asyncio.Transport) -> list[bytes]:
    # A deque of parts from 3.12 on, one bytearray before; neither is a public name.
    buffer: Any = getattr(transport, "_buffer", b"")
    parts = [buffer] if isinstance(buffer, (bytes, bytearray)) else buffer
    return [bytes(part) for part in parts]


class StreamProtocol(asyncio.Protocol):
    """Feeds what the gateway sends to `on_message`; calls `on_end` when the gateway is gone or breaks the protocol."""

    def __init__(
        self,
        channel: Channel,
        on_message: Callable[[Message], None],
        max_line_bytes: int,
        on_end: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._on_message = on_message
        self._reader = LineReader(max_line_bytes)
        self._on_end = on_end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to send."""
        self._channel.connect(cast("asyncio.Transport", transport), asyncio.get_running_loop())

    def data_received(self, data: bytes) -> None:
        """Hands on the messages that are whole by now."""
        try:
            self._reader.push(data, self._on_message)
        except ChannelFailure:
            self._on_end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The gateway is gone."""
        self._on_end()
