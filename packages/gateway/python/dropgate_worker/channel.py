"""
Newline-delimited JSON in UTF-8, with raw bytes between, over the socket to the gateway.

Always reads; one write for all of one tick.
"""

import asyncio
import json
import math
import socket
import time
from collections.abc import Callable
from typing import Any, cast

from .protocol.messages import MAX_FRAME_BYTES, Message

# What takes each message, with the raw bytes that came after its line; None where the line announces none.
TakeMessage = Callable[[Message, bytes | None], None]


class ChannelFailure(Exception):
    """Why a channel closed by itself: `line_too_long`, `not_json` or `bytes_invalid`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class FrameReader:
    """Cuts bytes into lines, with the raw bytes that `bytes` announces. What is not whole at the end is dropped."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._pieces: list[bytes] = []
        self._length = 0
        self._announced: tuple[Message, int] | None = None

    def push(self, chunk: bytes, take: TakeMessage) -> None:
        """Hands on each whole message. Raises `ChannelFailure`; what follows is then not worth reading."""
        start = self._take_bytes(chunk, 0, take)
        while start is not None:
            end = chunk.find(b"\n", start)
            piece = chunk[start:] if end == -1 else chunk[start:end]
            self._check_length(self._length + len(piece))
            self._add(piece)
            if end == -1:
                return
            message = parse_message(self._whole())
            if "bytes" in message:
                self._announced = (message, _announced_length(message))
            else:
                take(message, None)
            start = self._take_bytes(chunk, end + 1, take)

    def _take_bytes(self, chunk: bytes, start: int, take: TakeMessage) -> int | None:
        """Where the next line begins; None where more has to come."""
        if self._announced is None:
            return start
        message, length = self._announced
        end = min(len(chunk), start + length - self._length)
        self._add(chunk[start:end])
        if self._length < length:
            return None
        self._announced = None
        take(message, self._whole())
        return end

    def _add(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._length += len(piece)

    def _whole(self) -> bytes:
        whole = b"".join(self._pieces)
        self._pieces, self._length = [], 0
        return whole

    def _check_length(self, length: int) -> None:
        if length > self._max_line_bytes:
            message = f"A line is longer than {self._max_line_bytes} bytes."
            raise ChannelFailure("line_too_long", message)


def _announced_length(message: Message) -> int:
    length = message["bytes"]
    # A bool is an int here, and `5.0` is whole in the gateway's language.
    if type(length) in (int, float) and 0 <= length <= MAX_FRAME_BYTES and length == int(length):
        return int(length)
    text = f"The bytes after a line are no whole number up to {MAX_FRAME_BYTES}."
    raise ChannelFailure("bytes_invalid", text)


def parse_message(line: bytes) -> Message:
    """One message; raises `ChannelFailure` for anything but a JSON object with a text as `type`."""
    try:
        value = _value_of(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        message = cast("Message", value)
        if isinstance(message.get("type"), str):
            return message
    raise ChannelFailure("not_json", 'A line is no JSON object with a "type".')


def _value_of(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        # The only one that is not about the form of the text: a number of thousands of digits, which JSON may have.
        if isinstance(error, json.JSONDecodeError) or "digits" not in str(error):
            raise
        return json.loads(text, parse_constant=_refuse_constant, parse_int=float)


def _refuse_constant(name: str) -> None:
    # `NaN` is none of JSON's, though Python reads and writes it.
    raise json.JSONDecodeError(name, name, 0)


def line_of(message: Message) -> bytes:
    """
    The message as a line. Halves of characters, which UTF-8 cannot say, are escaped; what JSON cannot say becomes null,
    as in the gateway.
    """
    try:
        text = json.dumps(
            message, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str
        )
        return text.encode("utf-8") + b"\n"
    except (ValueError, TypeError, RecursionError):
        return json.dumps(_sayable(message, ()), separators=(",", ":")).encode("ascii") + b"\n"


# Deeper than anything that either side has to say.
_MOST_LEVELS = 256

# More digits than any number has that the gateway counts with.
_MOST_BITS = 1024


def _sayable(value: object, above: tuple[int, ...]) -> object:
    """`above` are the ids of what it lies in."""
    if isinstance(value, (dict, list, tuple)):
        if len(above) >= _MOST_LEVELS or id(cast("object", value)) in above:
            return None
        within = (*above, id(cast("object", value)))
        if isinstance(value, dict):
            held = cast("dict[object, object]", value)
            return {str(name): _sayable(each, within) for name, each in held.items()}
        return [_sayable(each, within) for each in cast("list[object]", value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value.bit_length() <= _MOST_BITS else None
    return value if value is None or isinstance(value, (bool, str)) else str(value)


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

    def send(self, message: Message, data: bytes | None = None) -> None:
        """
        Queues a message, with the bytes that follow it; all of one tick leave in one write. Only from the loop's own
        thread.
        """
        if data is None:
            self._queue.append(line_of(message))
        else:
            self._queue += (line_of({**message, "bytes": len(data)}), data)
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
        on_message: TakeMessage,
        max_line_bytes: int,
        on_end: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._on_message = on_message
        self._reader = FrameReader(max_line_bytes)
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
