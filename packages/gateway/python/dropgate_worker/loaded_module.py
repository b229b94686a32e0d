"""A module after loading."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .protocol.messages import Api, Kind, Manifest


@dataclass
class LoadedModule:
    """What is served, and the SDK it runs with."""

    manifest: Manifest
    kind: Kind
    value: object
    sdk: ModuleType | None
    # API of models that agents name: the upstream's, where the module has chosen none. None where it is not known.
    api: Api | None
    # Makes the context of a run from what the request brings; may be awaited.
    make_context: Callable[[Mapping[str, Any]], object]
    # Lets go of what it holds outside of the process; never raises.
    close: Callable[[], Awaitable[None]] | None = None
