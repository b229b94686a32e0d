"""Keeps a process that runs again what was recorded from reaching anybody."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})

# Looking up a name tells a server of it; a program that is started is bound by nothing here.
_OTHERS = frozenset(
    {
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
    }
)


def close_outside(broker_url: str | None) -> None:
    """
    From now on the process connects to nobody but the broker, looks up no names and starts no programs. It is for what
    authors write by mistake or habit; a hostile one finds ways around it. It cannot be undone.
    """
    broker = urlsplit(broker_url or "")
    allowed = (broker.hostname, broker.port)

    def refuse(event: str, args: tuple[object, ...]) -> None:
        if event not in _CONNECTS and event not in _OTHERS:
            return
        target = args[1] if event in _CONNECTS and len(args) > 1 else args[:2]
        if isinstance(target, tuple) and target[:2] == allowed:
            return
        raise OSError(
            "Nothing outside is reached while a file loads for its description or a recorded run is played."
        )

    sys.addaudithook(refuse)
