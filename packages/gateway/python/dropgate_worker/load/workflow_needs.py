"""What a workflow of Agent Builder needs beside the text that a request brings, and what its export left to do."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any, cast

from ..agent_shape import is_agent, listed, reached_from
from ..explain.code_frame import place_of
from ..explain.load_failure import finding
from ..explain.seen import Seen, required_parameters
from ..protocol.messages import Finding

_APPROVAL_STUB = r"def approval_request\([^)]*\)[^:\n]*:\s*\n\s*# TODO: Implement"


def workflow_needs(name: str, workflow: Callable[..., object], seen: Seen) -> list[Finding]:
    """An error where it could not be called."""
    first, *others = [*inspect.signature(workflow).parameters] or [""]
    needs = [parameter for parameter in required_parameters(workflow) if parameter in others]
    if not needs:
        needs = _needed_fields(_annotation(workflow, first))
    if not needs:
        return []
    wanted = " and ".join(f"`{need}`" for need in needs)
    said = f"`{name}` needs {wanted}, but a request brings `input_as_text` alone."
    is_one = len(needs) == 1
    hint = f"Make {wanted} optional, or give {'it a default value' if is_one else 'them default values'}."
    return [
        {**finding("workflow_needs_arguments", said, hint, seen.located(name)), "stage": "export"}
    ]


def unserved_approvals(name: str, seen: Seen) -> list[Finding]:
    """Warnings of tools that need approval, of agents that the module's own code runs."""
    agents: list[Any] = []
    for exported in filter(is_agent, seen.exports.values()):
        agents.extend(one for one in reached_from(exported) if not any(one is it for it in agents))
    return [
        {
            "stage": "load",
            "code": "approval_not_served",
            "severity": "warning",
            "message": f'`{tool.name}` of agent "{agent.name}" may need approval. What is served is no agent, whose '
            "run could wait for it: a run that calls it ends with `approval_required`.",
            **seen.located(name),
            "hint": "Export the agent itself in its place, so that its runs wait; or remove `needs_approval` where no "
            "person has to decide.",
        }
        for agent in agents
        for tool in listed(agent, "tools")
        if getattr(tool, "needs_approval", False) is not False
    ]


def _annotation(workflow: Callable[..., object], parameter: str) -> object:
    try:
        return typing.get_type_hints(workflow).get(parameter)
    except Exception:
        return None


def _needed_fields(annotation: object) -> list[str]:
    if not isinstance(annotation, type) or issubclass(annotation, (str, dict)):
        return []
    fields: dict[str, Any] | None = getattr(cast("object", annotation), "model_fields", None)
    if fields is not None:
        required = [field for field, info in fields.items() if info.is_required()]
    else:
        required = required_parameters(cast("object", annotation))
    return [field for field in required if field != "input_as_text"]


def find_stubs(file: str, text: str) -> list[Finding]:
    """Agent Builder leaves a stub where a person had to approve: as exported it approves everything."""
    place = place_of(text, _APPROVAL_STUB)
    if not place:
        return []
    stub = "it is the stub that Agent Builder exports"
    finding: Finding = {
        "stage": "load",
        "severity": "warning",
        "code": "approval_stub",
        "message": f"`approval_request` approves everything: {stub}.",
        "hint": "Ask somebody there, or return False until it is written.",
        "file": file,
    }
    return [{**finding, **place}]
