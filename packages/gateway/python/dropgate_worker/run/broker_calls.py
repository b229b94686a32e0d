"""
Calls to the broker carry its token and name their run, and are not sent again when their answer breaks off. Others are
left alone.
"""

import sys
from functools import wraps
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .run_scope import run_scope

RUN_HEADER = "x-dropgate-run"

# `openai` sends through the newer of the two; a module may bring the other.
_HTTP_PACKAGES = ("httpx2", "httpx")

_WATCHED = "_dropgate_watched"

# Scheme, host and port.
Origin = tuple[str, str | None, int]


class Broker(NamedTuple):
    """Where it is, and the token it takes."""

    origin: Origin
    token: str | None


def watch_broker_calls(broker_base_url: str | None, token: str | None) -> None:
    """
    Watches every client of the HTTP libraries loaded so far; `token` goes in place of a key that a module brought,
    which the broker does not know. May be called again.
    """
    if not broker_base_url:
        return
    origin = _origin(broker_base_url)
    for package in _HTTP_PACKAGES:
        http = sys.modules.get(package)
        if http is None or hasattr(http.AsyncClient.send, _WATCHED):
            continue
        broker = Broker(origin, token)
        http.AsyncClient.send = _watched_async(http, http.AsyncClient.send, broker)
        http.Client.send = _watched_sync(http, http.Client.send, broker)


def _watched_async(http: ModuleType, send: Any, broker: Broker) -> Any:
    @wraps(send)
    async def watched(self: object, request: Any, *, stream: bool = False, **options: Any) -> Any:
        if _origin(str(request.url)) != broker.origin:
            return await send(self, request, stream=stream, **options)
        _set_headers(request, broker)
        response = await send(self, request, stream=True, **options)
        if stream:
            return response
        try:
            await response.aread()
        except http.TransportError:
            await response.aclose()
            return _broken_off(http, request)
        return response

    setattr(watched, _WATCHED, True)
    return watched


def _watched_sync(http: ModuleType, send: Any, broker: Broker) -> Any:
    @wraps(send)
    def watched(self: object, request: Any, *, stream: bool = False, **options: Any) -> Any:
        if _origin(str(request.url)) != broker.origin:
            return send(self, request, stream=stream, **options)
        _set_headers(request, broker)
        response = send(self, request, stream=True, **options)
        if stream:
            return response
        try:
            response.read()
        except http.TransportError:
            response.close()
            return _broken_off(http, request)
        return response

    setattr(watched, _WATCHED, True)
    return watched


def _set_headers(request: Any, broker: Broker) -> None:
    if broker.token is not None:
        request.headers["Authorization"] = f"Bearer {broker.token}"
    scope = run_scope.get()
    if scope is not None:
        request.headers[RUN_HEADER] = scope.request.run["runId"]


def _broken_off(http: ModuleType, request: Any) -> Any:
    # The gateway alone sends again, and only before an answer has begun: what broke off may have been paid for.
    return http.Response(502, headers={"x-should-retry": "false"}, request=request)


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
