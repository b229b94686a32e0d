"""Connects the MCP servers that a module left unconnected, and keeps them so: the SDK expects them connected."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from ..agent_shape import handoff_graph, is_agent, listed
from ..explain.failure_detail import text_of
from ..protocol.messages import Finding
from .spawn_errors import LastErrors, keep_errors_of, let_servers_be_found

# How long one may take to connect; a load waits for all of them at once.
CONNECT_TIMEOUT_S = 10

# How long those that are connected may take to close: a worker that ends waits for them.
CLOSE_TIMEOUT_S = 0.5

# Pauses before one is tried again: they double from the first to the last.
FIRST_PAUSE_S = 1
LAST_PAUSE_S = 60


class McpServers:
    """The tool servers of a module's agents."""

    def __init__(self, root: object, file: str) -> None:
        self._file = file
        found = {
            id(server): server
            for agent in (handoff_graph(root) if is_agent(root) else [])
            for server in listed(agent, "mcp_servers")
        }
        self._links = [_Link(server) for server in found.values()]

    async def connect(self) -> list[Finding]:
        """A warning for each that cannot be reached; the agents run without its tools until it can."""
        if not self._links:
            return []
        let_servers_be_found()
        failures = await asyncio.gather(*(link.begin() for link in self._links))
        return [
            self._unreachable(link, said)
            for link, said in zip(self._links, failures, strict=True)
            if said is not None
        ]

    async def close(self) -> None:
        """Closes those that were connected. Never raises, and does not wait for long."""
        closing = [asyncio.create_task(link.close()) for link in self._links]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_TIMEOUT_S)

    def _unreachable(self, link: _Link, said: str) -> Finding:
        return {
            "stage": "load",
            "code": "mcp_server_unreachable",
            "severity": "warning",
            "message": f'The MCP server "{link.name}" cannot be connected: {said}',
            "file": self._file,
            "hint": "Check its command or address. The agent runs without its tools; it is tried again.",
        }


class _Link:
    """One server, kept connected. While it is away it lists no tools."""

    def __init__(self, server: Any) -> None:
        self.name = getattr(server, "name", "unnamed")
        self._server = server
        self._list_tools = server.list_tools
        self._is_away = False
        # A task of its own holds the connection, because only the task that opened it may close it.
        self._holding: asyncio.Task[None] | None = None
        self._retrying: asyncio.Task[None] | None = None

    async def begin(self) -> str | None:
        """Gives why it cannot be reached; None where it is."""
        self._server.list_tools = self._tools
        # Connected ones have a session; servers of the author's own class may have no such thing.
        if getattr(self._server, "session", self._server) is not None:
            return None
        said = await self._connect()
        if said is not None:
            self._leave_out()
        return said

    async def close(self) -> None:
        """Lets go of it."""
        for task in (self._retrying, self._holding):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _tools(self, *given: Any, **named: Any) -> Any:
        if self._is_away:
            return []
        try:
            return await self._list_tools(*given, **named)
        except Exception as error:
            said = f"cannot be reached, so its tools are left out: {_reason(error)}"
            _tell(f'The MCP server "{self.name}" {said}')
            self._leave_out()
            return []

    def _leave_out(self) -> None:
        if not self._is_away:
            self._is_away = True
            self._retrying = asyncio.get_running_loop().create_task(self._try_again())

    async def _try_again(self) -> None:
        pause = FIRST_PAUSE_S
        while self._is_away:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE_S)
            if await self._connect() is None:
                self._is_away = False
                _tell(f'The MCP server "{self.name}" is connected now.')

    async def _connect(self) -> str | None:
        if self._holding is not None:
            self._holding.cancel()
            await asyncio.wait([self._holding])
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        errors = LastErrors()
        self._holding = asyncio.create_task(_hold(self._server, opened, errors))
        try:
            await asyncio.wait_for(opened, CONNECT_TIMEOUT_S)
        except asyncio.TimeoutError:
            self._holding.cancel()
            return errors.after(f"it did not answer within {CONNECT_TIMEOUT_S} s")
        except Exception as error:
            return errors.after(_reason(error))
        return None


async def _hold(server: Any, opened: asyncio.Future[None], errors: LastErrors) -> None:
    try:
        with keep_errors_of(server, errors):
            await server.connect()
    except BaseException as error:
        if not opened.done():
            failed = error if isinstance(error, Exception) else ConnectionError(_reason(error))
            opened.set_exception(failed)
        return
    if not opened.done():
        opened.set_result(None)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        with contextlib.suppress(Exception):
            await server.cleanup()


def _reason(error: BaseException) -> str:
    """What is in a group of errors says more than the group: "unhandled errors in a TaskGroup"."""
    inner = getattr(error, "exceptions", None)
    while inner:
        error = inner[0]
        inner = getattr(error, "exceptions", None)
    return text_of(error) or type(error).__name__


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
