"""Settles model and upstream: `__gateway__`, then the agent's own, then the gateway's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..agent_shape import handoff_graph, model_name, tool_type
from ..protocol.messages import Finding, ModelSource, ModuleLoad, ModuleSettings, UpstreamSource
from ..sdk import api_in_use

if TYPE_CHECKING:
    from types import ModuleType

    from agents import Agent


def apply_settings(
    load: ModuleLoad, settings: ModuleSettings, agent: Agent[Any] | None, sdk: ModuleType | None
) -> tuple[ModelSource, UpstreamSource, list[Finding]]:
    """
    Gives effective model, effective upstream and findings. The agent itself gets the model of `__gateway__`,
    because the SDK lets an agent's own model win over any given to a run.
    """
    findings: list[Finding] = []
    upstream = _settle_upstream(load, settings, findings)
    model = _settle_model(load, settings, agent, findings)
    api = load["upstreams"].get(upstream["name"])
    if agent is not None and api == "chat_completions":
        _find_hosted_tools(agent, upstream["name"], load, findings)
    if sdk is not None and api and not _has_chosen_api(load):
        sdk.set_default_openai_api(api)
    return model, upstream, findings


def _has_chosen_api(load: ModuleLoad) -> bool:
    # The default upstream's was set before the import.
    before = load["upstreams"].get(load["defaultUpstream"]["name"]) or "responses"
    return api_in_use() not in (None, before)


def _settle_upstream(
    load: ModuleLoad, settings: ModuleSettings, findings: list[Finding]
) -> UpstreamSource:
    asked = settings.get("upstream")
    default = load["defaultUpstream"]
    if asked is None:
        return default
    if asked in load["upstreams"]:
        return {"name": asked, "source": "__gateway__"}
    known = ", ".join(f'"{name}"' for name in load["upstreams"])
    findings.append(
        {
            "stage": "metadata",
            "code": "unknown_upstream",
            "severity": "warning",
            "message": f'`__gateway__.upstream` names "{asked}", which is not configured; '
            f'"{default["name"]}" serves.',
            "file": load["entry"],
            "hint": f"Use one of {known}, or add it under `upstreams` in gateway.yaml.",
        }
    )
    return default


def _settle_model(
    load: ModuleLoad, settings: ModuleSettings, agent: Agent[Any] | None, findings: list[Finding]
) -> ModelSource:
    asked = settings.get("model")
    if asked is None:
        if agent is not None and getattr(agent, "model", None):
            return {"name": model_name(agent), "source": "agent"}
        return _default_model(load)
    if agent is not None:
        _set_model(agent, asked)
        return {"name": asked, "source": "__gateway__"}
    findings.append(
        {
            "stage": "metadata",
            "code": "model_not_applied",
            "severity": "warning",
            "message": "`__gateway__.model` is ignored: the agents of this module are its own matter, "
            "none is exported.",
            "file": load["entry"],
            "hint": "Set `model` on the agents themselves.",
        }
    )
    return _default_model(load)


def _default_model(load: ModuleLoad) -> ModelSource:
    own = load["env"].get("OPENAI_DEFAULT_MODEL")
    if own:
        return {"name": own, "source": "environment"}
    return load["defaultModel"] or {"name": None, "source": "default"}


def _set_model(agent: Agent[Any], model: str) -> None:
    # Settings the SDK derived from the default model go with it; those the author wrote stay.
    try:
        from agents.models import get_default_model_settings

        if agent.model is None and agent.model_settings == get_default_model_settings():
            agent.model_settings = get_default_model_settings(model)
    except (ImportError, TypeError):
        pass
    agent.model = model


def _find_hosted_tools(
    agent: Agent[Any], upstream: str, load: ModuleLoad, findings: list[Finding]
) -> None:
    hosted = [
        f'`{tool.name}` of agent "{member.name}"'
        for member in handoff_graph(agent)
        for tool in member.tools
        if tool_type(tool) == "hosted_tool"
    ]
    if not hosted:
        return
    findings.append(
        {
            "stage": "load",
            "code": "hosted_tool_needs_responses",
            "severity": "error",
            "message": f'The upstream "{upstream}" speaks chat_completions, which cannot run '
            f"{', '.join(hosted)}.",
            "file": load["entry"],
            "hint": 'Name an upstream with `api: responses` in `__gateway__["upstream"]`, '
            "or replace the tool.",
        }
    )
