"""Reads a streamed run of the SDK to its end and tells it: text, reasoning summaries, tools, handoffs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from .run_scope import RunScope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agents import RunResultStreaming, ToolCallItem

# Why a turn of the model ended early.
Cut = Literal["length", "content_filter"]


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


class StreamReader:
    """Reads one streamed run; `cut` says why the model's last turn ended early, None where it did not."""

    def __init__(self, scope: RunScope, transcript: Transcript) -> None:
        self._scope = scope
        self._transcript = transcript
        self._last_item_id: str | None = None
        self.cut: Cut | None = None

    async def read(self, result: RunResultStreaming) -> None:
        """Returns when the run is over. Raises what the run raises; leaves nothing of it running."""
        activity = self._scope.activity
        activity.hold()
        try:
            async for event in result.stream_events():
                if event.type == "raw_response_event":
                    await self._tell_raw(event.data)
                elif event.type == "agent_updated_stream_event":
                    # A handoff whose input filter leaves out what is new has no item of its own.
                    activity.reach_agent(str(getattr(event.new_agent, "name", "")))
                elif event.type == "run_item_stream_event":
                    await self._tell_item(event.name, event.item)
        finally:
            activity.release()
            if not result.is_complete:
                result.cancel()

    async def _tell_raw(self, data: Any) -> None:
        kind = getattr(data, "type", "")
        if kind == "response.output_text.delta":
            if data.item_id != self._last_item_id:
                self._transcript.break_message()
                self._last_item_id = data.item_id
            await self._transcript.write(data.delta)
        elif kind == "response.reasoning_summary_text.delta":
            await self._scope.request.push({"type": "reasoning", "delta": data.delta})
        elif kind == "response.reasoning_summary_part.added":
            if data.summary_index:
                await self._scope.request.push({"type": "reasoning", "delta": "\n\n"})
        elif kind == "response.completed":
            self._end_turn(self._scope.finish_reason)
        elif kind == "response.incomplete":
            details = getattr(data.response, "incomplete_details", None)
            self._end_turn(getattr(details, "reason", None))

    def _end_turn(self, reason: str | None) -> None:
        self._scope.finish_reason = None
        self.cut = cut_short(reason)
        self._transcript.break_message()
        # Chat completions know no ids of messages: the SDK gives all the same.
        self._last_item_id = None

    async def _tell_item(self, name: str, item: Any) -> None:
        if name == "handoff_occured":
            to_agent = str(getattr(item.target_agent, "name", ""))
            if not self._scope.activity.reach_agent(to_agent):
                from_agent = str(getattr(item.source_agent, "name", ""))
                await self._scope.request.push(
                    {"type": "handed_off", "fromAgent": from_agent, "toAgent": to_agent}
                )
        elif name == "tool_called":
            tell_tool_call(item, self._scope)


def cut_short(reason: str | None) -> Cut | None:
    """What OpenAI's APIs, either of them, call the end of a turn, where it came early."""
    if reason in ("length", "max_output_tokens"):
        return "length"
    return "content_filter" if reason == "content_filter" else None


def tell_tool_call(item: ToolCallItem, scope: RunScope) -> None:
    """A hosted tool has run upstream before anything is known of it: both its events come at once."""
    raw = item.raw_item
    kind = _field(raw, "type") or ""
    call_id = _field(raw, "call_id") or _field(raw, "id") or ""
    activity = scope.activity
    activity.reach(call_id)
    if kind not in _HOSTED_CALLS:
        return
    name = _field(raw, "name") if kind == "mcp_call" else kind
    activity.started(call_id, str(name or kind), str(getattr(item.agent, "name", "")), "hosted")
    activity.ended(call_id, None)


_HOSTED_CALLS = (
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
)


def _field(raw: object, name: str) -> str | None:
    if isinstance(raw, dict):
        return cast("dict[str, Any]", raw).get(name)
    return getattr(raw, name, None)
