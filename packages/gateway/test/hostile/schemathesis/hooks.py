"""What requests name is there, most of the time: else nearly all would be answered that there is no such agent.

None of them takes from the key that asks what the rest of the run needs.
"""

from __future__ import annotations

import importlib
import os
import random
from typing import Any, cast

# It is not installed where types are checked.
schemathesis: Any = importlib.import_module("schemathesis")

own_key = os.environ.get("OWN_KEY_ID", "")
agents = ("default/echo", "default/pie", "default/weather", "echo")


def map_body(context: Any, body: Any) -> Any:
    if not isinstance(body, dict):
        return cast("object", body)
    body = cast("dict[str, Any]", body)
    drawn = _drawn_of(body)
    for name in ("model", "agent"):
        if isinstance(body.get(name), str) and drawn.random() < 0.8:
            body[name] = drawn.choice(agents)
    if context.operation.path == "/security/override" and isinstance(body.get("principal"), str):
        body["principal"] = "key_nobody"
    return body


def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    if not path_parameters:
        return path_parameters
    path = context.operation.path
    if path in ("/v1/models/{id}", "/models/{id}"):
        drawn = _drawn_of(path_parameters)
        path_parameters["id"] = drawn.choice((*agents, path_parameters["id"]))
    elif path_parameters.get("id") == own_key:
        path_parameters["id"] = "key_nobody"
    return path_parameters


def _drawn_of(given: dict[str, Any]) -> random.Random:
    """Of its own: what Hypothesis draws repeats only while nothing else takes from the common one."""
    return random.Random(repr(sorted(given.items(), key=repr)))


schemathesis.hook(map_body)
schemathesis.hook(map_path_parameters)
