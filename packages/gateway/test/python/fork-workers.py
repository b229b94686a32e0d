"""
Starts workers by forking itself with the SDK in memory: each then costs what a spare that is ready costs. Reads a line
of JSON per worker (cwd, env, socket), connects its channel and its output to the socket, and tells its pid and its end.
"""

import fcntl
import json
import os
import select
import signal
import socket
from typing import Any

from dropgate_worker.preload import Preload
from dropgate_worker.process import start_worker


def main() -> None:
    preload = Preload()
    preload.begin()
    preload.finish()
    readable, written = os.pipe()
    os.set_blocking(written, False)
    signal.signal(signal.SIGCHLD, wake_up)
    signal.set_wakeup_fd(written)
    # Without a buffer, which `select` does not see.
    orders = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115
    while True:
        ready, _, _ = select.select([orders, readable], [], [])
        if readable in ready:
            os.read(readable, 512)
            tell_ends()
        if orders in ready:
            line = orders.readline()
            if not line:
                return
            start(json.loads(line))


def wake_up(_signal: int, _frame: object) -> None:
    """The descriptor that is woken tells."""


def start(order: dict[str, Any]) -> None:
    pid = os.fork()
    if pid:
        tell({"id": order["id"], "pid": pid})
        return
    try:
        become_worker(order)
    finally:
        os._exit(70)


def become_worker(order: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    channel, output = (connect(order["socket"]) for _ in range(2))
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2), (channel, 3)):
        os.dup2(source, target)
    start_worker()


def connect(path: str) -> int:
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    # Above those that are set afterwards.
    descriptor = fcntl.fcntl(client.fileno(), fcntl.F_DUPFD_CLOEXEC, 10)
    client.close()
    return descriptor


def tell_ends() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        name = signal.Signals(-code).name if code < 0 else None
        tell({"pid": pid, "code": None if code < 0 else code, "signal": name})


def tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


main()
