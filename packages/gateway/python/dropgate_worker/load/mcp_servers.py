"""Connects the MCP servers of an agent that its module left unconnected: the SDK expects them connected."""

import asyncio
from typing import Any

from ..agent_shape import handoff_graph, is_agent, listed
from ..explain.failure_detail import text_of
from ..protocol import Finding

CONNECT_TIMEOUT_S = 10


async def connect_servers(root: object, file: str) -> list[Finding]:
    """A warning for each server that cannot be connected; the agent is served without it failing the load."""
    warnings: list[Finding] = []
    for agent in handoff_graph(root) if is_agent(root) else []:
        for server in listed(agent, "mcp_servers"):
            # Connected ones have a session; servers of the author's own class may have no such thing.
            if getattr(server, "session", server) is not None:
                continue
            try:
                await asyncio.wait_for(_connected(server), CONNECT_TIMEOUT_S)
            except (Exception, asyncio.CancelledError) as error:
                warnings.append(_warning(server, error, file))
    return warnings


async def _connected(server: Any) -> None:
    """A task of its own holds the connection, because only the task that opened it may close it."""
    opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(_hold(server, opened))
    _holding.add(task)
    task.add_done_callback(_holding.discard)
    await opened


async def _hold(server: Any, opened: asyncio.Future[None]) -> None:
    try:
        await server.connect()
    except BaseException as error:
        if not opened.done():
            opened.set_exception(
                error if isinstance(error, Exception) else ConnectionError(str(error))
            )
        return
    if not opened.done():
        opened.set_result(None)
    await asyncio.get_running_loop().create_future()


# Tasks that hold a connection open for the life of the process.
_holding: set[asyncio.Task[None]] = set()


def _warning(server: Any, error: BaseException, file: str) -> Finding:
    name = getattr(server, "name", "unnamed")
    said = text_of(error) or type(error).__name__
    return {
        "stage": "load",
        "code": "mcp_server_unreachable",
        "severity": "warning",
        "message": f'The MCP server "{name}" cannot be connected: {said}',
        "file": file,
        "hint": "Check its command or address; the agent has none of its tools until it is loaded anew.",
    }
