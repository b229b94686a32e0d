"""What a run is asked to do, as it crosses the channel. Types alone, as in `messages.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from typing_extensions import NotRequired


class TextPart(TypedDict):
    """Text of a user's message."""

    type: Literal["text"]
    text: str


class ImagePart(TypedDict):
    """An image by its address, `https:` or `data:`, or by its id."""

    type: Literal["image"]
    url: NotRequired[str]
    fileId: NotRequired[str]
    detail: NotRequired[Literal["auto", "low", "high"]]


class AudioPart(TypedDict):
    """Sound, in base64."""

    type: Literal["audio"]
    data: str
    format: str


class FilePart(TypedDict):
    """A file, by its id, by its address or in base64."""

    type: Literal["file"]
    url: NotRequired[str]
    fileId: NotRequired[str]
    data: NotRequired[str]
    filename: NotRequired[str]


InputPart = TextPart | ImagePart | AudioPart | FilePart


class UserItem(TypedDict):
    """A message of the user."""

    role: Literal["user"]
    parts: list[InputPart]


class TextItem(TypedDict):
    """A message of anybody else."""

    role: Literal["system", "assistant"]
    text: str


class ToolCallItem(TypedDict):
    """A call of a tool in the history; its result comes somewhere after it."""

    role: Literal["tool_call"]
    callId: str
    name: str
    # JSON, as a model wrote it.
    arguments: str


class ToolResultItem(TypedDict):
    """What a call of the history gave."""

    role: Literal["tool_result"]
    callId: str
    name: str
    text: str


class ApprovalItem(TypedDict):
    """A person was asked about a call, or answered. No model is shown it."""

    role: Literal["approval_request", "approval"]


InputItem = UserItem | TextItem | ToolCallItem | ToolResultItem | ApprovalItem


class PlainFormat(TypedDict):
    """An answer in text, or in JSON of any form."""

    type: Literal["text", "json_object"]


class SchemaFormat(TypedDict):
    """An answer in JSON by the caller's schema."""

    type: Literal["json_schema"]
    name: str
    schema: dict[str, Any]
    strict: bool


OutputFormat = PlainFormat | SchemaFormat


class ClientTool(TypedDict):
    """A function that the caller calls itself; `parameters` is the JSON schema of an object."""

    name: str
    description: NotRequired[str]
    parameters: dict[str, Any]
    strict: bool


class RunInput(TypedDict):
    """What a run is asked to do."""

    modelId: str
    items: list[InputItem]
    settings: dict[str, Any]
    outputFormat: OutputFormat
    streamed: bool
    user: NotRequired[str]
    metadata: dict[str, str]
    # Whether its end tells what it added to the conversation.
    tellsItems: NotRequired[bool]
    # The caller's own tools that the agent may use: a call of one interrupts the run.
    offeredTools: NotRequired[list[ClientTool]]
    # Which of its tools the first turn has to call: a word, or a tool by its name.
    toolChoice: NotRequired[Literal["auto", "none", "required"] | dict[str, str]]
