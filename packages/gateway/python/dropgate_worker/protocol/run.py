"""A run as it crosses the channel: how it begins, and what it says. Types alone, as in `messages.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from typing_extensions import NotRequired

    from .run_input import InputItem, RunInput

FINAL_EVENTS = ("finished", "failed", "interrupted")

Provenance = Literal["native", "gateway", "mcp", "hosted"]
ToolVerdict = Literal["allow", "deny", "ask", "require_approval", "ask_approval"]
Answer = Literal["allow", "deny"]
Outcome = Literal["ok", "failed", "denied", "timeout", "aborted"]
Reason = Literal["stop", "length", "content_filter"]
RunStage = Literal["worker", "run", "model", "tool", "guardrail", "stream"]


class Run(TypedDict):
    """One run as the worker gets it."""

    runId: str
    input: RunInput
    context: dict[str, Any]
    verdicts: ToolVerdicts
    maxTurns: int | None
    # Whether what tools are called with and give is told.
    tellsContents: NotRequired[bool]
    # Whether it runs again what another did: each call of a tool is asked about first.
    replays: NotRequired[bool]
    # What goes beyond is asked about before it is called.
    toolLimits: NotRequired[ToolLimits]
    # Set where it goes on with a run that was interrupted; the items of `input` are those that it began with.
    resume: NotRequired[ResumedRun]


class CallDecision(TypedDict):
    """What a person said of a call of a tool."""

    callId: str
    approve: bool
    # Of a denial: what the model is told.
    reason: NotRequired[str]
    # Whether it holds for all calls of the tool in the rest of this run.
    always: NotRequired[bool]


class CallResult(TypedDict):
    """What a tool of the caller's own gave."""

    callId: str
    text: str


class ResumedRun(TypedDict):
    """How a run that was interrupted goes on. What nobody decided on interrupts it again."""

    state: str
    decisions: list[CallDecision]
    results: list[CallResult]


class ToolLimits(TypedDict):
    """Limits of the tool calls of a run; absent is without limit."""

    maxCalls: NotRequired[int]
    # Of one tool with the same arguments, in a row.
    maxRepeated: NotRequired[int]


class ToolVerdicts(TypedDict):
    """Verdicts by tool name; `otherwise` holds for tools not named."""

    otherwise: ToolVerdict
    tools: dict[str, ToolVerdict]


# Longest name of a tool; none that has a longer one may be called.
TOOL_NAME_LIMIT = 1024


class ToolDecided(TypedDict):
    """What was made of the verdicts."""

    tool: str
    provenance: Provenance
    answer: Answer


# `class` is no name for a field of a class.
FailureDetail = TypedDict(
    "FailureDetail",
    {
        "class": str,
        "message": str,
        "stack": "NotRequired[str]",
        "file": "NotRequired[str]",
        "line": "NotRequired[int]",
        "column": "NotRequired[int]",
        "stage": RunStage,
    },
)


class Usage(TypedDict):
    """Token counts of a whole run, summed over its model calls."""

    requests: int
    inputTokens: int
    outputTokens: int
    cachedInputTokens: int
    reasoningTokens: int


def no_usage() -> Usage:
    """What a run has cost that called no model."""
    return {
        "requests": 0,
        "inputTokens": 0,
        "outputTokens": 0,
        "cachedInputTokens": 0,
        "reasoningTokens": 0,
    }


class TextEvent(TypedDict):
    """Text, or what the model lets see of its thinking."""

    type: Literal["text", "reasoning"]
    delta: str


class ToolCall(TypedDict):
    """A call of a tool as its events name it."""

    callId: str
    tool: str
    agent: str
    provenance: Provenance


class ToolStarted(ToolCall):
    """A call begins."""

    type: Literal["tool_started"]


class ToolContents(TypedDict):
    """What a tool was called with, as JSON, and what it gave."""

    arguments: str
    result: NotRequired[str]


class ToolEnded(ToolCall):
    """A call is over."""

    type: Literal["tool_ended"]
    outcome: Outcome
    durationMs: int
    argumentBytes: NotRequired[int]
    resultBytes: NotRequired[int]
    detail: NotRequired[FailureDetail]
    contents: NotRequired[ToolContents]


class HandedOff(TypedDict):
    """Another agent goes on."""

    type: Literal["handed_off"]
    fromAgent: str
    toAgent: str


class RunEnd(TypedDict):
    """The end of a run that did not fail, but for what it has cost."""

    reason: Reason
    blockedBy: NotRequired[str]
    items: NotRequired[list[InputItem]]


class Finished(RunEnd):
    """The last event of a run that did not fail."""

    type: Literal["finished"]
    usage: Usage


class Failed(TypedDict):
    """The last event of a run that failed; `message` is fit for a caller, `detail` is not."""

    type: Literal["failed"]
    code: str
    message: str
    detail: NotRequired[FailureDetail]
    retryAfterSeconds: NotRequired[int]
    usage: Usage


class RequiredApproval(ToolCall):
    """A call that waits for a person; `arguments` is JSON as the model wrote it."""

    arguments: str


class ClientCall(TypedDict):
    """A call of a tool of the caller's own; `arguments` is JSON as the model wrote it."""

    callId: str
    tool: str
    arguments: str


class RunWait(TypedDict):
    """What a run waits for, but for what it has cost; `state` is its own form of how far it is."""

    state: str
    # The calls that a person has to decide on.
    approvals: list[RequiredApproval]
    # Those that the caller is to make; with `approvals` at least one.
    clientCalls: NotRequired[list[ClientCall]]
    # What it added to the conversation so far, without the calls that wait, where the run asks for it.
    items: NotRequired[list[InputItem]]


class Interrupted(RunWait):
    """The last event of a run that waits."""

    type: Literal["interrupted"]
    usage: Usage


RunEvent = TextEvent | ToolStarted | ToolEnded | HandedOff | Finished | Failed | Interrupted
