"""
Calls to the broker take the channel, or carry its token and name their run, and are not sent again when their answer
breaks off. Others are left alone.
"""

import sys
from functools import wraps
from types import ModuleType
from typing import Any, NamedTuple

from ..models.channel_transport import ChannelWay, use_channel
from ..models.model_line import ModelLine
from .run_scope import run_scope

RUN_HEADER = "x-dropgate-run"

# `openai` sends through the newer of the two; a module may bring the other.
_HTTP_PACKAGES = ("httpx2", "httpx")

_WATCHED = "_dropgate_watched"


class Broker(NamedTuple):
    """Where it is, and the token it takes."""

    scheme: str
    # Host and port.
    netloc: bytes
    token: str | None

    def is_at(self, url: Any) -> bool:
        """True for an address of the HTTP libraries that is the broker's."""
        return url.netloc == self.netloc and url.scheme == self.scheme


def watch_broker_calls(broker_base_url: str | None, token: str | None, line: ModelLine) -> None:
    """
    Watches every client of the HTTP libraries loaded so far; `token` goes in place of a key that a module brought,
    which the broker does not know. May be called again.
    """
    if not broker_base_url:
        return
    for package in _HTTP_PACKAGES:
        http = sys.modules.get(package)
        if http is None or hasattr(http.AsyncClient.send, _WATCHED):
            continue
        url = http.URL(broker_base_url)
        broker = Broker(url.scheme, url.netloc, token)
        use_channel(http, ChannelWay(line, broker.is_at, _run_id))
        http.AsyncClient.send = _watched_async(http, http.AsyncClient.send, broker)
        http.Client.send = _watched_sync(http, http.Client.send, broker)


def _watched_async(http: ModuleType, send: Any, broker: Broker) -> Any:
    @wraps(send)
    async def watched(self: object, request: Any, *, stream: bool = False, **options: Any) -> Any:
        if not broker.is_at(request.url):
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
        if not broker.is_at(request.url):
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
    run_id = _run_id()
    if run_id is not None:
        request.headers[RUN_HEADER] = run_id


def _run_id() -> str | None:
    scope = run_scope.get()
    return None if scope is None else scope.request.run["runId"]


def _broken_off(http: ModuleType, request: Any) -> Any:
    # The gateway alone sends again, and only before an answer has begun: what broke off may have been paid for.
    return http.Response(502, headers={"x-should-retry": "false"}, request=request)
