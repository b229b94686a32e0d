"""A module after loading."""

from dataclasses import dataclass
from types import ModuleType

from .protocol import Api, Kind, Manifest


@dataclass
class LoadedModule:
    """What is served, and the SDK it runs with."""

    manifest: Manifest
    kind: Kind
    value: object
    sdk: ModuleType | None
    # API that the effective upstream speaks; None where it is not known.
    api: Api | None
