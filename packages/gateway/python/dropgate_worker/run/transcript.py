"""The text of one run as it is told to the caller: messages with a blank line between them."""

from collections.abc import Awaitable, Callable


class Transcript:
    """`send` gets every delta, the blank lines included; None tells nobody."""

    def __init__(self, send: Callable[[str], Awaitable[None]] | None) -> None:
        self._send = send
        self._is_broken = True
        # Texts of the messages so far, in pieces; none is empty.
        self._messages: list[list[str]] = []

    @property
    def messages(self) -> list[str]:
        """Texts of the messages so far."""
        return ["".join(pieces) for pieces in self._messages]

    def break_message(self) -> None:
        """What is written next belongs to another message."""
        self._is_broken = True

    async def write(self, delta: str) -> None:
        """Adds text; returns when more may come."""
        if not delta:
            return
        lead = ""
        if self._is_broken:
            lead = "\n\n" if self._messages else ""
            self._messages.append([])
            self._is_broken = False
        self._messages[-1].append(delta)
        if self._send:
            await self._send(lead + delta)
