"""Looks at each request of the usual HTTP clients before it goes out, of those too that are imported meanwhile."""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
from collections.abc import Callable, Generator, Sequence
from types import ModuleType
from typing import Any

# By the module that has them: classes, and the method that each of their requests goes through.
_CLIENTS = {
    "aiohttp.client": [("ClientSession", "_request")],
    "httpx._client": [("Client", "send"), ("AsyncClient", "send")],
    "httpx2._client": [("Client", "send"), ("AsyncClient", "send")],
    "requests.sessions": [("Session", "send")],
}

# Is given the address of a request, and may raise.
Look = Callable[[str], None]


@contextlib.contextmanager
def looking_at_requests(look: Look) -> Generator[None]:
    """Inside, `look` comes before each request."""
    patches: list[Callable[[], None]] = []

    def patch(module: ModuleType) -> None:
        for class_name, method in _CLIENTS[module.__name__]:
            patches.append(_patch(getattr(module, class_name, None), method, look))

    finder = _Finder(patch)
    sys.meta_path.insert(0, finder)
    try:
        for name in _CLIENTS:
            if name in sys.modules:
                patch(sys.modules[name])
        yield
    finally:
        sys.meta_path.remove(finder)
        for undo in patches:
            undo()


def _patch(client: Any, method: str, look: Look) -> Callable[[], None]:
    original: Any = getattr(client, method, None)
    if original is None:
        return lambda: None

    def look_at(*given: Any) -> None:
        # A request that was made, or as `_request(method, address)` has it.
        made = next((one.url for one in given if hasattr(one, "url")), None)
        look(str(given[1] if made is None and len(given) > 1 else made))

    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def looking_async(self: Any, *given: Any, **named: Any) -> Any:
            look_at(*given, *named.values())
            return await original(self, *given, **named)

        setattr(client, method, looking_async)
    else:

        @functools.wraps(original)
        def looking(self: Any, *given: Any, **named: Any) -> Any:
            look_at(*given, *named.values())
            return original(self, *given, **named)

        setattr(client, method, looking)
    return lambda: setattr(client, method, original)


class _Finder(importlib.abc.MetaPathFinder):
    """Hands a client's module on when it was imported."""

    def __init__(self, on_import: Callable[[ModuleType], None]) -> None:
        self._on_import = on_import

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Finds what the usual finder does."""
        if fullname not in _CLIENTS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _TellingLoader(spec.loader, self._on_import)
        return spec


class _TellingLoader(importlib.abc.Loader):
    def __init__(
        self, loader: importlib.abc.Loader, on_import: Callable[[ModuleType], None]
    ) -> None:
        self._loader = loader
        self._on_import = on_import

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """As the other does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Runs it, under its own loader."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._on_import(module)
