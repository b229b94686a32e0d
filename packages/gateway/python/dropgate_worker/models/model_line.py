"""A worker's end of its model calls over the channel. All of it happens on the worker's own loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..protocol.messages import MODEL_ACK_BYTES, Message


class SendFrame(Protocol):
    """To the gateway."""

    def __call__(self, message: Message, data: bytes | None = None, /) -> None:
        """Sends a message, with the bytes that follow it."""
        ...


class ModelRequest(NamedTuple):
    """A call of the broker as it goes over the channel; `run_id` is None where it is not known for which run it is."""

    method: str
    path: str
    headers: dict[str, str]
    # `MAX_FRAME_BYTES` long at most.
    body: bytes | None
    run_id: str | None


class AnswerCut(Exception):
    """The answer broke off."""


class AnswerLate(Exception):
    """Nothing came of the answer within the time that its reader had."""


class ModelLine:
    """Makes calls, and hands the parts of their answers on."""

    def __init__(self, send: SendFrame, loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._calls: dict[str, OpenCall] = {}
        self._made = 0

    def is_here(self) -> bool:
        """True in what runs on the loop that reads the channel: whatever else waits may keep that loop from reading."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def begin(self, request: ModelRequest) -> OpenCall:
        """Sends a call."""
        self._made += 1
        call_id = str(self._made)
        call = OpenCall(call_id, self._send, lambda: self._calls.pop(call_id, None))
        self._calls[call_id] = call
        method, path, headers, body, run_id = request
        self._send(
            {
                "type": "model_call",
                "callId": call_id,
                "runId": run_id,
                "method": method,
                "path": path,
                "headers": headers,
            },
            body,
        )
        return call

    def take(self, part: Message, data: bytes | None) -> None:
        """Takes a part of an answer; one of a call that was given up is passed over."""
        if call := self._calls.get(part["callId"]):
            call.take(part, data)


class OpenCall:
    """One call, from its request to the last byte of its answer, for one reader."""

    def __init__(self, call_id: str, send: SendFrame, on_over: Callable[[], object]) -> None:
        self._call_id = call_id
        self._send = send
        self._on_over = on_over
        self._head: Message | None = None
        self._pieces: deque[bytes] = deque()
        self._is_over = False
        self._is_cut = False
        self._reader: asyncio.Future[None] | None = None
        self._untold = 0

    def take(self, part: Message, data: bytes | None) -> None:
        """Takes a part of the answer."""
        if "status" in part:
            self._head = part
        if data:
            self._pieces.append(data)
        if "end" in part or "cut" in part:
            self._is_cut = "cut" in part
            self._over()
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def head(self, patience_s: float | None) -> Message:
        """The part that has status and headers. Raises `AnswerCut` or `AnswerLate`."""
        while self._head is None:
            if self._is_over:
                raise AnswerCut
            await self._more(patience_s)
        return self._head

    async def next(self, patience_s: float | None) -> bytes | None:
        """The next piece of the body, None when no more comes. Raises `AnswerCut` or `AnswerLate`."""
        while not self._pieces:
            if self._is_cut:
                raise AnswerCut
            if self._is_over:
                return None
            await self._more(patience_s)
        piece = self._pieces.popleft()
        self._untold += len(piece)
        if self._untold >= MODEL_ACK_BYTES and not self._is_over:
            self._send({"type": "model_ack", "callId": self._call_id, "taken": self._untold})
            self._untold = 0
        return piece

    def leave(self) -> None:
        """Nobody reads on: the gateway gives the call up, unless its answer is here."""
        if self._is_over:
            return
        self._over()
        self._is_cut = True
        self._pieces.clear()
        self._send({"type": "model_abort", "callId": self._call_id})

    async def _more(self, patience_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        reader = self._reader = loop.create_future()
        timer = None if patience_s is None else loop.call_later(patience_s, _too_late, reader)
        try:
            await reader
        except BaseException:
            self.leave()
            raise
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()

    def _over(self) -> None:
        self._is_over = True
        self._on_over()


def _too_late(reader: asyncio.Future[None]) -> None:
    if not reader.done():
        reader.set_exception(AnswerLate())
