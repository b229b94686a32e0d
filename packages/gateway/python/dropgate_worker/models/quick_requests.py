"""
Builds the request of a model call as the `openai` package does, with what is the same in all of them built once.

Facts checked against openai 3.57: each request merges the same headers and joins the same address anew; and the SDK
makes a client for each run, whose first call asks a thread for the name of the platform.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, NamedTuple, cast

# Of clients and calls that differ; a module that makes more has them built anew.
_MAX_KEPT = 200

# Of what a request is built of besides its body: options of a call, attributes of a client.
_NO_OPTIONS = ("files", "content", "extra_json")
_OF_CLIENT = (
    "api_key",
    "admin_api_key",
    "organization",
    "project",
    "_version",
    "_idempotency_header",
)
_NOTHING_OF_CLIENT = ("_custom_query", "_provider_runtime", "_workload_identity_auth")


def quicken_requests() -> None:
    """For the package as it is loaded, if it is and has the shape that is expected."""
    package: Any = sys.modules.get("openai")
    base: Any = sys.modules.get("openai._base_client")
    client: Any = getattr(package, "AsyncOpenAI", None)
    if client is None or not all(
        hasattr(base, name)
        for name in (
            "asyncify",
            "get_platform",
            "openapi_dumps",
            "AsyncHttpxClientWrapper",
            "NotGiven",
            "log",
        )
    ):
        return
    if hasattr(base.asyncify, "__wrapped__"):
        return
    base.asyncify = _asked_once(base.asyncify, base.get_platform)
    if "_build_request" not in vars(client):
        client._build_request = _quick_build(client, base)


def _asked_once(asyncify: Any, ask: Callable[[], object]) -> Any:
    known: list[object] = []

    @wraps(asyncify)
    def quick(function: Any, *args: Any, **kwargs: Any) -> Any:
        asked = asyncify(function, *args, **kwargs)
        if function is not ask:
            return asked

        async def platform() -> object:
            if not known:
                known.append(await asked())
            return known[0]

        return platform

    return quick


class _Template(NamedTuple):
    """A request without its body."""

    # The HTTP library.
    http: Any
    method: str
    url: Any
    headers: list[tuple[bytes, bytes]]
    # Which of them is the length of the body.
    length_at: int
    timeout: dict[str, Any]


def _quick_build(client_class: type, base: Any) -> Any:
    original = cast("Any", client_class)._build_request
    templates: dict[Hashable, _Template] = {}

    @wraps(original)
    def build_request(self: Any, options: Any, *, retries_taken: int = 0) -> Any:
        key = _key_of(self, options, retries_taken, base) if type(self) is client_class else None
        template = None if key is None else templates.get(key)
        if template is not None:
            return _filled(template, base.openapi_dumps(options.json_data))
        request = original(self, options, retries_taken=retries_taken)
        made = None if key is None else _template_of(request)
        if made is not None:
            if len(templates) >= _MAX_KEPT:
                templates.clear()
            templates[key] = made
        return request

    return build_request


def _template_of(request: Any) -> _Template | None:
    """None where the request is of another kind than expected."""
    if set(request.extensions) != {"timeout"}:
        return None
    http = sys.modules[type(request).__module__.partition(".")[0]]
    headers = request.headers.raw
    lengths = [at for at, (name, _) in enumerate(headers) if name.lower() == b"content-length"]
    if len(lengths) != 1 or not isinstance(request.stream, http.ByteStream):
        return None
    timeout = dict(request.extensions["timeout"])
    return _Template(http, request.method, request.url, headers, lengths[0], timeout)


def _filled(template: _Template, body: bytes) -> Any:
    http, method, url, headers, length_at, timeout = template
    sent = [*headers]
    sent[length_at] = headers[length_at][0], str(len(body)).encode("ascii")
    # Given as a stream, it gets no headers of its own.
    stream, extensions = http.ByteStream(body), {"timeout": {**timeout}}
    request = http.Request(method, url, headers=sent, stream=stream, extensions=extensions)
    request.read()
    return request


def _key_of(client: Any, options: Any, retries_taken: int, base: Any) -> Hashable | None:
    """All that the request is made of but its body; None where that cannot be told, or is more than usual."""
    try:
        http = client._client
        http_class = cast("Any", type(http))
        if (
            http_class.build_request is not base.AsyncHttpxClientWrapper.build_request
            or base.log.isEnabledFor(logging.DEBUG)
            or options.method != "post"
            or not _is(dict, options.json_data)
            or options.params
            or any(getattr(options, name) is not None for name in _NO_OPTIONS)
            or any(getattr(client, name) for name in _NOTHING_OF_CLIENT)
            or http.params
            or len(http.cookies.jar)
            or not client.api_key
        ):
            return None
        timeout = options.timeout
        if _is(base.NotGiven, timeout):
            timeout = client.timeout
        given: Any = options.headers if _is(dict, options.headers) else {}
        if not given and options.headers and not _is(base.NotGiven, options.headers):
            return None
        return (
            http_class,
            *(getattr(client, name) for name in _OF_CLIENT),
            *_texts(client._custom_headers),
            None,
            *_texts(given),
            None,
            *http.headers.raw,
            *options.security.items(),
            options.url,
            options.idempotency_key if client._idempotency_header else None,
            client._base_url,
            http.base_url,
            _limits(timeout),
            retries_taken,
        )
    except (AttributeError, TypeError):
        return None


def _is(kind: Any, value: object) -> bool:
    return type(value) is kind


def _texts(headers: Any) -> list[tuple[str, str]]:
    items = list(cast("dict[str, str]", headers).items())
    if not all(type(value) is str for _, value in items):
        # Some values say that a header is to be left out.
        raise TypeError
    return items


def _limits(timeout: Any) -> Hashable:
    if timeout is None or isinstance(timeout, (int, float)):
        return type(timeout), timeout
    return (timeout.connect, timeout.read, timeout.write, timeout.pool)
