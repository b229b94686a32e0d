"""Names the run on calls to the broker, and only on those."""

import sys
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from .run_scope import run_scope

RUN_HEADER = "x-dropgate-run"

# `openai` sends through the newer of the two; a module may bring the other.
_HTTP_PACKAGES = ("httpx2", "httpx")

_ORIGIN = "_dropgate_origin"

# Scheme, host and port.
Origin = tuple[str, str | None, int]


def send_run_id(broker_base_url: str | None) -> None:
    """Makes every client of the HTTP libraries loaded so far send the current run's id to the broker."""
    if not broker_base_url:
        return
    origin = _origin(broker_base_url)
    for package in _HTTP_PACKAGES:
        module = sys.modules.get(package)
        for name in ("AsyncClient", "Client"):
            client = getattr(module, name, None)
            if client is not None and not hasattr(client.send, _ORIGIN):
                client.send = _marking(client.send, origin)


def _marking(send: Any, origin: Origin) -> Any:
    @wraps(send)
    def marked(self: object, request: Any, *args: Any, **kwargs: Any) -> Any:
        scope = run_scope.get()
        if scope is not None and _origin(str(request.url)) == origin:
            request.headers[RUN_HEADER] = scope.request.run["runId"]
        return send(self, request, *args, **kwargs)

    setattr(marked, _ORIGIN, origin)
    return marked


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
