"""Turns the hooks of tool calls into events, in the order of the text around them."""

import re
import time
from collections.abc import Callable

from ..protocol.run import (
    FailureDetail,
    Outcome,
    Provenance,
    RunEvent,
    ToolCall,
    ToolContents,
    ToolEnded,
)

# What the SDK tells a model of a tool that took too long.
_SDK_TIMEOUT = re.compile(r"^Tool '[^\n]*' timed out after [\d.e+-]+ ?(?:ms|seconds)\.$")

# Longest arguments and longest result that are told, in characters: two of them keep a line within its limit.
_MAX_CONTENT_CHARS = 512 * 1024

# A call that has not ended, and its arguments.
OpenCall = tuple[ToolCall, str | None]

_SDK_FAILURE = re.compile(r"^An error occurred while (?:running|parsing|validating) (?:the )?tool")


class ToolActivity:
    """The tool calls of one run. `tell` is never awaited."""

    def __init__(self, tell: Callable[[RunEvent], None], *, tells_contents: bool = False) -> None:
        self._tell = tell
        self._tells_contents = tells_contents
        self._open: dict[str, tuple[ToolCall, float]] = {}
        self._given: dict[str, str] = {}
        self._causes: dict[str, FailureDetail] = {}
        self._known: dict[str, Outcome] = {}
        self._results: dict[str, object] = {}
        self._reached: set[str] = set()
        self._held: list[tuple[str, RunEvent]] = []
        self._handoffs: list[tuple[str, RunEvent]] = []
        self._holders = 0

    def started(
        self,
        call_id: str,
        tool: str,
        agent: str,
        provenance: Provenance,
        arguments: object = None,
    ) -> None:
        """A call begins, with arguments as text where they are known; one that is open goes on."""
        if call_id in self._open:
            return
        call: ToolCall = {"callId": call_id, "tool": tool, "agent": agent, "provenance": provenance}
        self._open[call_id] = (call, time.perf_counter())
        if isinstance(arguments, str):
            self._given[call_id] = arguments
        self._say(call_id, {"type": "tool_started", **call})

    def threw(self, call_id: str, detail: FailureDetail) -> None:
        """Remembers why a call fails."""
        self._causes[call_id] = detail

    def gave(self, call_id: str, output: object) -> None:
        """Remembers what a tool gave, which a guardrail may still end the run over."""
        self._results[call_id] = output

    def ended(self, call_id: str, output: object) -> None:
        """A call ends; a failure is told by what was thrown, or by the sentence the SDK gives the model instead."""
        said = isinstance(output, str) and _SDK_FAILURE.match(output)
        is_late = isinstance(output, str) and _SDK_TIMEOUT.match(output)
        is_failed = said or call_id in self._causes
        judged: Outcome = "failed" if is_failed else "timeout" if is_late else "ok"
        self._end(call_id, self._known.pop(call_id, judged), output)

    def ends_as(self, call_id: str, outcome: Outcome) -> None:
        """Says how a call ended that whoever made it knows more of than its output tells, before it ends."""
        self._known[call_id] = outcome

    def denied(self, call_id: str, message: str) -> None:
        """A call was refused by policy; `message` is what the model is told."""
        self._end(call_id, "denied", message)

    def handed_off(self, from_agent: str, to_agent: str) -> None:
        """A hook tells of a handoff, which waits for the stream to come to it where one is read."""
        event: RunEvent = {"type": "handed_off", "fromAgent": from_agent, "toAgent": to_agent}
        if self._holders == 0:
            self._tell(event)
        else:
            self._handoffs.append((to_agent, event))

    def reach_agent(self, name: str) -> bool:
        """The stream has come to an agent: a handoff to it that waits is told. False where none does."""
        for waiting in self._handoffs:
            if waiting[0] == name:
                self._handoffs.remove(waiting)
                self._tell(waiting[1])
                return True
        return False

    def hold(self) -> None:
        """Hooks run ahead of a stream that is read slowly: what they say waits for `reach` or `release`."""
        self._holders += 1

    def release(self) -> None:
        """Ends a `hold`."""
        self._holders -= 1
        if self._holders <= 0:
            self._handoffs.clear()
            self._let_out(lambda _call_id: True)

    def reach(self, call_id: str) -> None:
        """The stream has come to this call."""
        self._reached.add(call_id)
        self._let_out(lambda due: due == call_id)

    def suspend(self) -> list[OpenCall]:
        """Gives the calls that are open: they go on with the next part of the run, and nothing more is told of them."""
        calls = [(call, self._given.get(call_id)) for call_id, (call, _) in self._open.items()]
        self._open.clear()
        return calls

    def resume(self, calls: list[OpenCall]) -> None:
        """Goes on with the calls that an earlier part of the run left open."""
        for call, given in calls:
            # Their items are none of the stream that comes now.
            self.reach(call["callId"])
            self.started(call["callId"], call["tool"], call["agent"], call["provenance"], given)

    def close(self, cause: FailureDetail | None = None) -> None:
        """Lets everything go out; ends calls still open as failed, because of `cause` where that is known."""
        self._holders = 0
        self._let_out(lambda _call_id: True)
        for call_id in list(self._open):
            if cause:
                self._causes.setdefault(call_id, cause)
            if call_id in self._results:
                self._end(call_id, "ok", self._results[call_id])
            else:
                self._end(call_id, "failed")

    def _end(self, call_id: str, outcome: Outcome, output: object = None) -> None:
        opened = self._open.pop(call_id, None)
        if opened is None:
            return
        call, started_at = opened
        duration_ms = round((time.perf_counter() - started_at) * 1000)
        # Some models use an id again in a later turn.
        cause = self._causes.pop(call_id, None)
        self._results.pop(call_id, None)
        event: ToolEnded = {
            **call,
            "type": "tool_ended",
            "outcome": outcome,
            "durationMs": duration_ms,
        }
        given = self._given.pop(call_id, None)
        if given is not None:
            event["argumentBytes"] = _bytes_of(given)
        if outcome == "ok" and output is not None:
            event["resultBytes"] = _bytes_of(output)
        if cause and outcome == "failed":
            event["detail"] = cause
        if self._tells_contents and (contents := _contents_of(given, output)):
            event["contents"] = contents
        self._say(call_id, event)
        self._reached.discard(call_id)

    def _say(self, call_id: str, event: RunEvent) -> None:
        if self._holders > 0 and call_id not in self._reached:
            self._held.append((call_id, event))
        else:
            self._tell(event)

    def _let_out(self, is_due: Callable[[str], bool]) -> None:
        due = [event for call_id, event in self._held if is_due(call_id)]
        self._held = [held for held in self._held if not is_due(held[0])]
        for event in due:
            self._tell(event)


def _contents_of(given: str | None, output: object) -> ToolContents | None:
    # Where one of them is too long, neither is told: what is cut would be taken for whole.
    contents: ToolContents = {"arguments": given if given is not None else "null"}
    if output is not None:
        contents["result"] = _text_of(output)
    is_long = any(len(str(text)) > _MAX_CONTENT_CHARS for text in contents.values())
    return None if is_long else contents


def _bytes_of(value: object) -> int:
    return len(_text_of(value).encode("utf-8", "replace"))


def _text_of(value: object) -> str:
    # As the model is sent it: the SDK makes a text of anything else.
    try:
        return str(value)
    except Exception:
        return ""
