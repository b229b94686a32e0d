"""What is asked of the gateway, by runs and outside of them."""

import asyncio
from collections.abc import Callable

from .protocol.messages import Message
from .run.run_scope import Refused


class Questions:
    """Questions that wait for an answer. A run that is cancelled waits no longer: it is refused."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._waiting: dict[str, asyncio.Future[object]] = {}
        self._asked = 0
        # Parts of results that are not whole yet, by their calls.
        self._parts: dict[str, list[bytes]] = {}

    async def ask(self, run_id: str | None, question: Message, cancelled: asyncio.Event) -> object:
        """Gives the reply; raises `Refused`."""
        self._asked += 1
        call_id = f"{run_id or 'outside'}.{self._asked}"
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        stop = asyncio.create_task(cancelled.wait())
        self._waiting[call_id] = answer
        try:
            self._send(
                {"type": "question", "callId": call_id, "runId": run_id, "question": question}
            )
            await asyncio.wait([answer, stop], return_when=asyncio.FIRST_COMPLETED)
            result = answer.result() if answer.done() else Refused("The run was cancelled.")
        finally:
            stop.cancel()
            self._waiting.pop(call_id, None)
            self._parts.pop(call_id, None)
        if isinstance(result, Refused):
            raise result
        return result

    def answer(self, call_id: str, result: object) -> None:
        """Ends the wait of a question; an unknown one is none of ours."""
        waiting = self._waiting.get(call_id)
        if waiting and not waiting.done():
            waiting.set_result(result)

    def take_tool_result(self, part: Message, raw: bytes) -> None:
        """Takes a part of a tool's result; the last one ends the wait."""
        call_id = part["callId"]
        if call_id not in self._waiting:
            return
        parts = self._parts.setdefault(call_id, [])
        parts.append(raw)
        if "outcome" in part:
            text = b"".join(parts).decode("utf-8", "replace")
            self.answer(call_id, {"outcome": part["outcome"], "text": text})

    def refuse(self, call_id: str, message: str) -> None:
        """Ends the wait of a question with a refusal."""
        self.answer(call_id, Refused(message))
