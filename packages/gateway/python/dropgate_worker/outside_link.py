"""What is asked and told outside of runs, from whatever thread or loop of the module's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .protocol.messages import Message
from .protocol.run import ToolDecided
from .questions import Questions
from .run.run_scope import Refused

# How long it waits for the gateway's answer; a run waits until it is cancelled.
_PATIENCE_S = 30


class OutsideLink:
    """Speaks through the worker's own loop, which does not run while the module is imported."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        questions: Questions,
        send: Callable[[Message], None],
    ) -> None:
        self._loop = loop
        self._questions = questions
        self._send = send

    async def ask(self, question: Message) -> object:
        """Gives the reply; raises `Refused`, also where nobody can answer now."""
        if not self._loop.is_running():
            raise Refused("The gateway cannot be asked while the module is imported.")
        if asyncio.get_running_loop() is self._loop:
            return await self._ask(question)
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(self._ask(question), self._loop)
        )

    def decided(self, decided: ToolDecided) -> None:
        """Tells of a call that was denied here."""
        message: Message = {"type": "tool_decided", "runId": None, **decided}
        self._loop.call_soon_threadsafe(self._send, message)

    async def _ask(self, question: Message) -> object:
        try:
            asked = self._questions.ask(None, question, asyncio.Event())
            return await asyncio.wait_for(asked, _PATIENCE_S)
        except asyncio.TimeoutError:
            raise Refused("There was no answer.") from None
