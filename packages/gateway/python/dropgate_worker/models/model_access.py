"""The way to the broker: put back where a module replaced it while it was loaded, and told what it brought instead."""

from __future__ import annotations

import os
import re
import sys
from typing import Any
from urllib.parse import urlsplit

from ..explain.code_frame import place_of
from ..protocol.messages import Finding, ModuleLoad

_VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
_LITERAL_KEY = r"(?:set_default_openai_key\(|\bapi_key\s*=)\s*[rbf]?['\"]sk-"


def keep_model_access(load: ModuleLoad, text: str) -> list[Finding]:
    """Puts the environment right; warnings tell what goes past budgets and metering. Values are never told."""
    return [*_put_back(load, text), *_own_key(load, text), *_own_server(load, text)]


def _put_back(load: ModuleLoad, text: str) -> list[Finding]:
    findings: list[Finding] = []
    for name in _VARIABLES:
        own = load["env"].get(name)
        if own is None or os.environ.get(name) == own:
            continue
        os.environ[name] = own
        places = (rf"environ\W+{name}\W*=[^=]", r"\boverride\s*=\s*True", r"load_dotenv\(")
        said = (
            f"The module replaces {name} while it is loaded; the gateway has put its own back. A client made in "
            "between asks another server or with another key, past budgets and metering."
        )
        hint = (
            f"Leave {name} to the gateway: take the line away, or take the name out of the file that "
            "is read."
        )
        findings.append(_told("model_access_replaced", said, hint, load, text, *places))
    return findings


def _own_key(load: ModuleLoad, text: str) -> list[Finding]:
    # Calls to the broker carry its token, whatever a client was given.
    if not re.search(_LITERAL_KEY, text):
        return []
    said = (
        "A key in the module has no effect on calls through the gateway, which has its own. With an address beside "
        "it, it goes past budgets and metering."
    )
    hint = "Take the key out of the file: move it to an upstream of the gateway."
    return [_told("upstream_key_in_module", said, hint, load, text, _LITERAL_KEY)]


def _own_server(load: ModuleLoad, text: str) -> list[Finding]:
    broker = load["env"].get("OPENAI_BASE_URL")
    shared: Any = sys.modules.get("agents.models._openai_shared")
    client = shared.get_default_openai_client() if shared is not None else None
    address = str(getattr(client, "base_url", ""))
    if not broker or not address or address.startswith(broker):
        return []
    host = urlsplit(address).netloc or "another server"
    said = f"The module's own client asks {host}: its calls go past budgets and metering."
    hint = "To have them counted, make the server an upstream in gateway.yaml and leave the client out."
    return [_told("own_model_server", said, hint, load, text, r"set_default_openai_client\(")]


def _told(
    code: str, message: str, hint: str, load: ModuleLoad, text: str, *patterns: str
) -> Finding:
    finding: Finding = {
        "stage": "load",
        "severity": "warning",
        "code": code,
        "message": message,
        "hint": hint,
        "file": load["entry"],
    }
    for pattern in patterns:
        place = place_of(text, pattern)
        if place:
            return {**finding, **place}
    return finding
