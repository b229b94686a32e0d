"""What one run knows of the calls that it waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from agents import Agent, FunctionTool, ModelSettings

    from ..protocol.run import Provenance

# Name of an agent, and of a tool of it.
ToolPlace = tuple[str, str]


@dataclass
class RunWaits:
    """Shared by all scopes of a run."""

    # Who executes a tool that may wait.
    sources: dict[ToolPlace, Provenance | Literal["client"]] = field(
        default_factory=dict[ToolPlace, "Provenance | Literal['client']"]
    )
    # Tools of which a person approved all further calls.
    always: set[str] = field(default_factory=set[str])
    # What the gateway said of calls, by tool, id and arguments: the SDK asks more than once.
    asked: dict[tuple[str, str, str], bool] = field(
        default_factory=dict[tuple[str, str, str], bool]
    )
    # Ids of calls of a run that goes on which a person approved, and of those that have been made.
    approved: set[str] = field(default_factory=set[str])
    made: set[str] = field(default_factory=set[str])
    # Tools of the caller's own, and the agents that they are offered to.
    client_tools: list[FunctionTool] = field(default_factory=list["FunctionTool"])
    offered_to: list[Agent[Any]] = field(default_factory=list["Agent[Any]"])
    # Whether the run has begun that the gateway goes on with.
    has_begun: bool = False
    # The settings of its first turn, where they hold for that alone.
    first_turn: ModelSettings | None = None
    # What came of the runs that code of the module's made itself.
    own_runs: list[Any] = field(default_factory=list[Any])
    # What of the conversation an earlier part of this run has told.
    told: list[str] = field(default_factory=list[str])

    def take_approval(self, call_id: str) -> bool:
        """
        Takes the approval of a call when it is made; False where its id was approved for one that was made before.

        Versions of the SDK before 0.20 look for an id alone, and there are models that use one again in a later turn.
        """
        if call_id not in self.approved:
            return True
        if call_id in self.made:
            return False
        self.made.add(call_id)
        return True
