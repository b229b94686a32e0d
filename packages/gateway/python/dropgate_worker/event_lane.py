"""The way of one run's events out of this process: in order, one credit each."""

import asyncio
import math
from collections import deque
from collections.abc import Callable

from .protocol.run import RunEvent, TextEvent

# Longest text of one event, in characters; keeps a line far below the protocol's limit.
MAX_DELTA_CHARS = 256 * 1024

# Text that was sent and not credited yet, in characters: with so much nothing is sent. The last event may go beyond.
MAX_CHARS_AHEAD = 256 * 1024


class EventLane:
    """
    Sends events while there is credit, and not too much text beyond it; holds back whoever pushes without. Text and
    reasoning that come in one turn of the loop, or while there is no credit, become one event.
    """

    def __init__(self, deliver: Callable[[RunEvent], None], credit: float) -> None:
        self._deliver = deliver
        self._credit = credit
        self._queue: deque[RunEvent] = deque()
        # Lengths of what was sent and not credited yet, in order.
        self._ahead: deque[int] = deque()
        self._chars_ahead = 0
        self._is_scheduled = False
        self._drained = asyncio.Event()

    async def push(self, event: RunEvent) -> None:
        """Takes an event; returns when more may come."""
        self.tell(event)
        if self._queue and not self._may_send():
            await self.drained()

    def tell(self, event: RunEvent) -> None:
        """Takes an event from a place that cannot wait."""
        if event["type"] == "text" or event["type"] == "reasoning":
            for piece in _pieces(event):
                self._enqueue(piece)
            if not self._is_scheduled:
                self._is_scheduled = True
                asyncio.get_running_loop().call_soon(self._flush)
        else:
            self._queue.append(event)
            self._flush()

    def grant(self, events: int) -> None:
        """Allows that many further events."""
        self._credit += events
        for _ in range(min(events, len(self._ahead))):
            self._chars_ahead -= self._ahead.popleft()
        self._flush()

    def release(self) -> None:
        """Nobody counts any more: whatever waits or comes goes out at once."""
        self._credit = math.inf
        self._ahead.clear()
        self._chars_ahead = 0
        self._flush()

    async def drained(self) -> None:
        """Returns when nothing waits to be sent."""
        while self._queue:
            self._drained.clear()
            await self._drained.wait()

    def _flush(self) -> None:
        self._is_scheduled = False
        while self._queue and self._may_send():
            self._credit -= 1
            event = self._queue.popleft()
            if not math.isinf(self._credit):
                self._count_ahead(event)
            self._deliver(event)
        if not self._queue:
            self._drained.set()

    def _may_send(self) -> bool:
        return self._credit > 0 and self._chars_ahead < MAX_CHARS_AHEAD

    def _count_ahead(self, event: RunEvent) -> None:
        length = 0
        if event["type"] == "text" or event["type"] == "reasoning":
            length = len(event["delta"])
        self._ahead.append(length)
        self._chars_ahead += length

    def _enqueue(self, event: TextEvent) -> None:
        last = self._queue[-1] if self._queue else None
        if (
            last
            and (last["type"] == "text" or last["type"] == "reasoning")
            and last["type"] == event["type"]
        ):
            delta = last["delta"] + event["delta"]
            if len(delta) <= MAX_DELTA_CHARS:
                self._queue[-1] = {"type": event["type"], "delta": delta}
                return
        self._queue.append(event)


def _pieces(event: TextEvent) -> list[TextEvent]:
    delta = event["delta"]
    if len(delta) <= MAX_DELTA_CHARS:
        return [event]
    starts = range(0, len(delta), MAX_DELTA_CHARS)
    return [{**event, "delta": delta[start : start + MAX_DELTA_CHARS]} for start in starts]
