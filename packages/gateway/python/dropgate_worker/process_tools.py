"""What this process knows of the gateway's tools."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Literal

from .agent_shape import seen_agent

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents import FunctionTool

# Set on a tool that the gateway executes.
GATEWAY_TOOL = "_dropgate_gateway_tool"

# A tool as the gateway tells of it: `name`, `description`, `parameters`.
ToolInfo = dict[str, Any]


class ProcessTools:
    """The tools of the gateway, those that the module uses, and those that its agent is given."""

    def __init__(self) -> None:
        self.is_connected = False
        self._table: dict[str, ToolInfo] | None = None
        self._offered: list[str] = []
        self._used: list[str] = []
        self._given: tuple[list[str], object | None] | None = None
        self._made: list[tuple[weakref.ref[FunctionTool], Callable[[FunctionTool], None]]] = []

    def connect(self, table: dict[str, Any] | None) -> None:
        """Puts the table in place that came with the load; None where there was none."""
        self.is_connected = True
        if table is not None:
            self.change(table)

    def change(self, table: dict[str, Any]) -> None:
        """Puts another one in place; tools that were made before follow it."""
        self._table = {tool["name"]: tool for tool in table["tools"]}
        self._offered = list(table["offered"])
        alive = [(ref, fit) for ref, fit in self._made if ref() is not None]
        self._made = alive
        for ref, fit in alive:
            if (tool := ref()) is not None:
                fit(tool)

    def find(self, name: str) -> ToolInfo | Literal["unknown"] | None:
        """The tool of a name; `unknown` where the gateway has none, None where it did not say which it has."""
        if self._table is None:
            return None
        return self._table.get(name, "unknown")

    def follow(self, tool: FunctionTool, fit: Callable[[FunctionTool], None]) -> None:
        """Fits a tool to what is known of it, now and whenever that changes."""
        fit(tool)
        self._made.append((weakref.ref(tool), fit))

    def use(self, name: str) -> None:
        """Remembers that the module uses a tool."""
        if name not in self._used:
            self._used.append(name)

    @property
    def used(self) -> list[str]:
        """Names of the tools that the module uses, wherever."""
        return list(self._used)

    def give(self, names: list[str], agent: object | None) -> None:
        """Remembers what the module gives its agent, None where every agent of the process gets it."""
        self._given = (names, agent)
        for name in names:
            self.use(name)

    def given_to(self, agent: object) -> list[str]:
        """Names of the tools that an agent is given: by its module, or by its namespace."""
        if self._given is None:
            return []
        owner = self._given[1]
        if owner is not None and owner is not seen_agent(agent):
            return []
        names = dict.fromkeys([*self._given[0], *self._offered])
        return [name for name in names if self.find(name) != "unknown"]


# A module makes its tools while it is imported, and knows nothing else of the gateway.
process_tools = ProcessTools()
