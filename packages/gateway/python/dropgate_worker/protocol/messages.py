"""
What crosses the channel, as the gateway's `protocol/` tells it: one JSON object per line, names as they are there;
where it has `bytes`, so many raw bytes follow.

Types alone: what comes from the gateway is trusted, what goes there is checked by it. Runs are in `run.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from typing_extensions import NotRequired

PROTOCOL_VERSION = 3

# Longest line the gateway may send.
MAX_LINE_BYTES = 80 * 1024 * 1024

# Most raw bytes that follow one line.
MAX_FRAME_BYTES = 8 * 1024 * 1024

# Longest path of a model call, with its query.
MAX_PATH_LENGTH = 8192

# After so many bytes of a model's answer taken the worker says so.
MODEL_ACK_BYTES = 64 * 1024

Api = Literal["responses", "chat_completions"]
SettingSource = Literal["__gateway__", "agent", "config", "environment", "default"]

# A message in either direction, told by its `type`; the classes below say what is in it.
Message = dict[str, Any]


class Place(TypedDict):
    """A place in a text; both count from 1."""

    line: int
    column: int


class Frame(Place):
    """A place in one of the author's files."""

    file: str


class Finding(TypedDict):
    """One thing wrong with a module, or worth knowing; `hint` is an action, `frame` the lines around the place."""

    stage: Literal["load", "export", "metadata", "worker"]
    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    file: NotRequired[str]
    line: NotRequired[int]
    column: NotRequired[int]
    frame: NotRequired[str]
    hint: NotRequired[str]


class ModelSource(TypedDict):
    """A model, null where the SDK's default holds, and who said so."""

    name: str | None
    source: SettingSource


class UpstreamSource(TypedDict):
    """An upstream, and who said so."""

    name: str
    source: SettingSource


class ModuleLoad(TypedDict):
    """All that is needed to load one generation of one module; paths are absolute but for `modulePath`."""

    agentId: str
    modulePath: str
    entry: str
    folder: str
    name: str
    # Absent: an agent.
    serves: NotRequired[Literal["tool"]]
    # `closed` reaches nothing outside.
    replay: NotRequired[Literal["closed", "open"]]
    exportNames: list[str]
    env: dict[str, str]
    kept: dict[str, str] | None
    keptFolder: str
    upstreams: dict[str, Api]
    defaultUpstream: UpstreamSource
    defaultModel: ModelSource | None


class LoadedFile(TypedDict):
    """A file a generation is made of, with the hash of the exact bytes."""

    path: str
    sha256: str


class ToolDescription(TypedDict):
    """A tool as the manifest tells it."""

    name: str
    type: str
    description: str | None
    needsApproval: bool


class AgentDescription(TypedDict):
    """An agent as the manifest tells it."""

    name: str
    model: str | None
    tools: list[ToolDescription]
    handoffs: list[str]
    inputGuardrails: list[str]
    outputGuardrails: list[str]
    outputType: str
    mcpServers: list[str]


class SdkDescription(TypedDict):
    """The SDK a module uses."""

    version: str
    path: str
    own: bool


class Runtime(TypedDict):
    """What runs the worker."""

    name: Literal["python"]
    version: str


# `__gateway__` after checking, by the names of `ModuleSettings`.
ModuleSettings = dict[str, Any]

Kind = Literal["agent", "workflow", "runnable", "tool"]


class ModuleTool(TypedDict):
    """What models are told of the tool that a module gives."""

    description: str
    # JSON schema of its arguments, an object.
    parameters: dict[str, Any]


class Manifest(TypedDict):
    """What a loaded module turned out to be."""

    kind: Kind
    exportName: str
    exports: list[str]
    agents: list[AgentDescription]
    tool: NotRequired[ModuleTool]
    settings: ModuleSettings
    gatewayTools: list[str]
    model: ModelSource
    upstream: UpstreamSource
    sdk: SdkDescription | None
    runtime: Runtime
    files: list[LoadedFile]
    warnings: list[Finding]
    loadMs: int
