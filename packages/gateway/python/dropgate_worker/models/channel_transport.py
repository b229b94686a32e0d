"""Requests to the broker go over the channel, below all that a client of the HTTP libraries does on its way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import lru_cache, wraps
from types import ModuleType
from typing import Any, NamedTuple

from ..protocol.messages import MAX_FRAME_BYTES, MAX_PATH_LENGTH, Message
from .model_line import AnswerCut, AnswerLate, ModelLine, ModelRequest, OpenCall

# What is about a connection, or for the broker's own eyes: the channel says who calls, and for which run.
_KEPT_BACK = frozenset(
    (
        *("accept-encoding", "authorization", "connection", "content-length", "host"),
        *("transfer-encoding", "x-dropgate-run"),
    )
)


class ChannelWay(NamedTuple):
    """The way to the broker, for requests that `is_to_broker`."""

    line: ModelLine
    is_to_broker: Callable[[Any], bool]
    # The run that the code works for, if any.
    run_id: Callable[[], str | None]


def use_channel(http: ModuleType, way: ChannelWay) -> None:
    """
    Has the transport of an HTTP library's async clients send over the channel what is for the broker. What a client
    does above it (hooks, redirects, retries) stays its own, as does a transport of the author's. Over the network go on
    requests of another loop, and those whose body is a stream or too long for a frame.
    """
    transport: Any = http.AsyncHTTPTransport
    original = transport.handle_async_request
    stream_class = _stream_class(http)

    @wraps(original)
    async def handle(self: Any, request: Any) -> Any:
        sent = _sendable(http, request, way)
        if sent is None:
            return await original(self, request)
        patience_s = request.extensions.get("timeout", {}).get("read")
        call = way.line.begin(sent)
        try:
            head = await call.head(patience_s)
        except AnswerLate:
            raise http.ReadTimeout("Nothing came of an answer.") from None
        except AnswerCut:
            raise http.RemoteProtocolError("There was no answer.") from None
        stream = stream_class(call, patience_s)
        return http.Response(head["status"], headers=_headers(head), stream=stream)

    transport.handle_async_request = handle


def _sendable(http: ModuleType, request: Any, way: ChannelWay) -> ModelRequest | None:
    if not way.is_to_broker(request.url) or not way.line.is_here():
        return None
    try:
        body: bytes = request.content
    except http.RequestNotRead:
        return None
    path: str = request.url.raw_path.decode("ascii")
    if len(body) > MAX_FRAME_BYTES or len(path) > MAX_PATH_LENGTH:
        return None
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers.raw:
        name = _name_to_send(raw_name)
        if name is not None:
            value = raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return ModelRequest(request.method, path, headers, body or None, way.run_id())


@lru_cache(maxsize=256)
def _name_to_send(raw_name: bytes) -> str | None:
    name = raw_name.decode("latin-1").lower()
    return None if name in _KEPT_BACK or name.startswith("x-stainless-") else name


def _headers(head: Message) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for name, value in head.get("headers", {}).items():
        values = [value] if isinstance(value, str) else value
        headers.extend((name, one) for one in values)
    return headers


def _stream_class(http: ModuleType) -> type:
    base: Any = http.AsyncByteStream

    class ChannelStream(base):
        """The body of an answer."""

        def __init__(self, call: OpenCall, patience_s: float | None) -> None:
            self._call = call
            self._patience_s = patience_s

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                while piece := await self._call.next(self._patience_s):
                    yield piece
            except AnswerLate:
                raise http.ReadTimeout("Nothing more came of an answer.") from None
            except AnswerCut:
                raise http.RemoteProtocolError("The answer broke off.") from None

        async def aclose(self) -> None:
            self._call.leave()

    return ChannelStream
