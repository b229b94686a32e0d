"""The life of the worker's process: it waits for a module, loads it, serves it, and says why it ends."""

import asyncio
import contextlib
import os
import platform
import signal
import socket
import sys
from functools import partial

from .around.own_exits import tell_exits
from .broker_door import open_broker_door
from .channel import Channel, StreamProtocol
from .explain.failure_detail import failure_detail
from .preload import Preload
from .protocol.messages import MAX_LINE_BYTES, PROTOCOL_VERSION
from .server import ModuleServer

CHANNEL_FD = 3

# Time for a `load` that is already on its way, before a spare imports what most modules need.
SPARE_PAUSE_S = 0.01

# Time for the last message to leave a process that ends.
LAST_WORDS_S = 0.5


def start_worker() -> None:
    """Serves one module to the gateway at the other end of fd 3, until either ends. Does not return."""
    sock = socket.socket(fileno=CHANNEL_FD)
    # Children of the module do not get the channel.
    sock.set_inheritable(False)
    os.register_at_fork(after_in_child=_let_go_of_channel)
    open_broker_door(os.environ.get("DROPGATE_BROKER_DOOR"))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    channel = Channel(sock)
    try:
        server = loop.run_until_complete(_serve_until_load(loop, channel, sock))
        # No loop runs while the module is imported: its top level may use `asyncio.run()` itself.
        server.import_module()
        asyncio.set_event_loop(loop)
        tell_exits(partial(_say_fault, channel, cause="exit"), loop, LAST_WORDS_S)
        loop.run_until_complete(server.serve())
    except SystemExit as error:
        _say_fault(channel, error, cause="exit")
        _end(_exit_code(error))
    except BaseException as error:
        _say_fault(channel, error, cause="error")
        _end(1)
    channel.flush_now(LAST_WORDS_S)
    _end(0)


async def _serve_until_load(
    loop: asyncio.AbstractEventLoop, channel: Channel, sock: socket.socket
) -> ModuleServer:
    preload = Preload()
    server = ModuleServer(channel.send, preload, loop)
    await loop.create_unix_connection(
        lambda: StreamProtocol(channel, server.take, MAX_LINE_BYTES, _gateway_gone),
        sock=sock,
    )
    version = platform.python_version()
    channel.send(
        {
            "type": "hello",
            "version": PROTOCOL_VERSION,
            "pid": os.getpid(),
            "runtime": {"name": "python", "version": version},
        }
    )
    warm_up = loop.call_later(SPARE_PAUSE_S, preload.begin)
    await server.load_asked()
    warm_up.cancel()
    return server


def _say_fault(channel: Channel, error: BaseException, cause: str) -> None:
    detail = failure_detail(error, "worker")
    if isinstance(error, SystemExit):
        why = f": {error.code}" if isinstance(error.code, str) else ""
        detail["message"] = f"The process ended itself with exit code {_exit_code(error)}{why}."
    try:
        channel.send({"type": "fault", "cause": cause, "detail": detail})
        channel.flush_now(LAST_WORDS_S)
    except Exception:
        # Without a channel there is nobody left to hear it.
        pass


def _let_go_of_channel() -> None:
    # A fork of a tool has the loop and the channel of its parent: what it said would be taken for the parent's.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, CHANNEL_FD)
    os.close(nowhere)


def _gateway_gone() -> None:
    # Nothing may stay behind: children of the module go too, also those that lead a session of their own as tool
    # servers do, and the group where this process leads it.
    for pid in _descendants_of(os.getpid()):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    _end(0)


def _descendants_of(pid: int) -> list[int]:
    """Pids of its children and theirs; none where the system does not tell."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                children.extend(int(child) for child in file.read().split())
    return [*children, *(each for child in children for each in _descendants_of(child))]


def _end(exit_code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    # Threads of tools that never end would keep the process.
    os._exit(exit_code)


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    return error.code & 0xFF if isinstance(error.code, int) else 1
