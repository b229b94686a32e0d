"""The way to the broker where this process and its children have no network."""

import contextlib
import socket
import threading

CHUNK_BYTES = 64 * 1024


def open_broker_door(door: str | None) -> None:
    """Listens on the broker's port of this sandbox's own loopback and passes connections on to the broker's socket.

    `door` is `<port>:<path of the socket>`, or None where the network is there. Threads do it, so that a module which
    blocks its loop does not block its children.
    """
    if door is None:
        return
    port, path = door.split(":", 1)
    server = socket.create_server(("127.0.0.1", int(port)))
    threading.Thread(target=_accept, args=(server, path), daemon=True).start()


def _accept(server: socket.socket, path: str) -> None:
    while True:
        inside, _ = server.accept()
        inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        outside = socket.socket(socket.AF_UNIX)
        try:
            outside.connect(path)
        except OSError:
            # The gateway is going; the call fails as it would without a sandbox.
            inside.close()
            continue
        for source, target in ((inside, outside), (outside, inside)):
            threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    # Each side is told; whichever is the second finds it told already.
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
