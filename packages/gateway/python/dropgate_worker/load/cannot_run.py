"""Finds what would fail in every run, and says it when the module is loaded."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import is_agent, listed, model_name, reached_from
from ..explain.failure_detail import shown_path
from ..explain.load_failure import finding, install_hint
from ..explain.seen import Seen
from ..process_tools import GATEWAY_TOOL
from ..protocol.messages import Finding

if TYPE_CHECKING:
    from types import ModuleType

    from agents import Agent

# Beginnings of model names that need an extra of the SDK, and the package each needs.
_MODEL_PACKAGES = {"litellm/": "litellm", "any-llm/": "any_llm"}

_OVER_WEB_SOCKETS = ("OpenAIResponsesWSModel", "OpenAIHostedMultiAgentModel")

# The newest `openai` that the SDKs before 0.5 were seen to work with; later ones say themselves what they need.
_WORKING_OPENAI = "2.14.0"
_LEAST_OPENAI = re.compile(r"openai\b(?![-_.])[^;]*>=\s*(\d+(?:\.\d+)*)")


def cannot_run(root: Agent[Any], sdk: ModuleType | None, seen: Seen) -> list[Finding]:
    """Errors, and as warnings what fails only where it is used, of the agent and all that it leads to."""
    found = [*_mismatch(sdk, seen)]
    for agent in reached_from(root):
        found.extend(
            [
                *_bad_tools(agent, seen),
                *_duplicate_tools(agent, seen),
                *_missing_client(agent, seen),
                *_missing_model_package(agent, seen),
                *_web_socket(agent, seen),
                *_stored_prompts(agent, seen),
            ]
        )
    return found


def _mismatch(sdk: ModuleType | None, seen: Seen) -> list[Finding]:
    """Some versions of the SDK make, in each run, a value that newer versions of `openai` refuse."""
    if sdk is None or not hasattr(sdk, "Usage"):
        return []
    try:
        sdk.Usage()
    except Exception:
        own, other = _version("openai-agents"), _version("openai")
        said = f"openai-agents {own} does not work with openai {other}: every run fails inside the SDK."
        folder, agent_id = shown_path(seen.load["folder"]), seen.load["agentId"]
        hint = (
            f"Write `openai-agents=={own}` and `openai=={_openai_beside()}` into {folder}/requirements.txt, or take a "
            f"newer `openai-agents`, then run `dropgate deps install {agent_id}`."
        )
        return [finding("sdk_mismatch", said, hint, {"file": seen.load["entry"]})]
    return []


def _openai_beside() -> str:
    """The version of `openai` to have beside the SDK: the least that it takes, where that is not older."""
    try:
        required = importlib.metadata.requires("openai-agents") or []
    except importlib.metadata.PackageNotFoundError:
        required = []
    least = [match[1] for one in required if (match := _LEAST_OPENAI.match(one))]
    return max(
        [_WORKING_OPENAI, *least], key=lambda version: [int(part) for part in version.split(".")]
    )


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "of an unknown version"


def _bad_tools(agent: Agent[Any], seen: Seen) -> list[Finding]:
    found: list[Finding] = []
    tools: list[object] = listed(agent, "tools")
    for number, tool in enumerate(tools, 1):
        said = f'Tool {number} of agent "{agent.name}" is'
        if inspect.isroutine(tool):
            name = tool.__name__
            told = f"{said} the function `{name}`, not a tool."
            hint = f"Put `@function_tool` above `{name}`."
            found.append(finding("bad_tool", told, hint, seen.located(name)))
        elif is_agent(tool):
            told = f'{said} the agent "{tool.name}", not a tool.'
            hint = "Use its `as_tool(…)`, or list it in `handoffs`."
            found.append(finding("bad_tool", told, hint, seen.located()))
        elif tool is None or isinstance(tool, (str, type)):
            shown = f"`{getattr(tool, '__name__', repr(tool))}`"
            told = f"{said} {shown}, not a tool."
            found.append(finding("bad_tool", told, "Check the import or the name.", seen.located()))
    return found


def _duplicate_tools(agent: Agent[Any], seen: Seen) -> list[Finding]:
    names = Counter(
        tool.name
        for tool in listed(agent, "tools")
        # Those that are not always on may take turns, and a namespace tells two of one name apart.
        if type(tool).__name__ == "FunctionTool"
        and getattr(tool, "is_enabled", True) is True
        and getattr(tool, "_tool_namespace", None) is None
        # Of one of the gateway and one of the module's own, the gateway tells.
        and not getattr(tool, GATEWAY_TOOL, False)
    )
    # The SDK offers the last of them alone.
    return [
        {
            **finding(
                "duplicate_tool",
                f'Agent "{agent.name}" has {"two" if count == 2 else count} tools called `{name}`, of which the last '
                "alone is offered.",
                "Give one of them another name: `@function_tool(name_override=…)`, or remove it.",
                seen.located(),
            ),
            "severity": "warning",
        }
        for name, count in names.items()
        if count > 1
    ]


def _missing_client(agent: Agent[Any], seen: Seen) -> list[Finding]:
    if not any(kind.__name__ == "SandboxAgent" for kind in type(agent).__mro__):
        return []
    name = next((key for key, value in seen.exports.items() if value is agent), "agent")
    said = f'"{agent.name}" is a SandboxAgent, and no sandbox client is given to its run.'
    hint = (
        "Give it one in a workflow; add:\n\n"
        "async def run_workflow(text: str):\n"
        "    from agents import RunConfig, Runner\n"
        "    from agents.sandbox import SandboxRunConfig\n"
        "    from agents.sandbox.sandboxes import UnixLocalSandboxClient\n"
        "    sandbox = SandboxRunConfig(client=UnixLocalSandboxClient())\n"
        f"    result = await Runner.run({name}, text, run_config=RunConfig(sandbox=sandbox))\n"
        "    return result.final_output\n"
        '__gateway__ = {"agent": "run_workflow"}'
    )
    return [finding("sandbox_client_missing", said, hint, seen.located(name))]


def _missing_model_package(agent: Agent[Any], seen: Seen) -> list[Finding]:
    model = model_name(agent) or ""
    if type(agent.model).__name__ == "LitellmModel":
        return _missing_model_key(f"litellm/{model}", agent, seen)
    for beginning, package in _MODEL_PACKAGES.items():
        if not model.startswith(beginning):
            continue
        if importlib.util.find_spec(package) is None:
            extra = beginning.removesuffix("/")
            said = f'Agent "{agent.name}" uses the model "{model}", but package `{extra}` is not installed.'
            hint = install_hint(f"openai-agents[{extra}]", seen.load)
            return [finding("missing_package", said, hint, seen.located())]
        # It takes seconds, for which a first run would keep its process from answering anything.
        with contextlib.suppress(Exception):
            importlib.import_module(package)
        return _missing_model_key(model, agent, seen)
    return []


def _missing_model_key(model: str, agent: Agent[Any], seen: Seen) -> list[Finding]:
    """A warning, as what LiteLLM knows of its vendors' keys: there are other ways to give one."""
    litellm, name = sys.modules.get("litellm"), model.removeprefix("litellm/")
    if litellm is None or name == model or getattr(agent.model, "api_key", None):
        return []
    missing: list[str] = []
    with contextlib.suppress(Exception):
        missing = litellm.validate_environment(model=name)["missing_keys"]
    # Of several names that do, the vendor's own.
    missing.sort(key=lambda one: not one.startswith(name.split("/")[0].upper()))
    folder = shown_path(seen.load["folder"])
    return [
        {
            "stage": "load",
            "code": "missing_variable",
            "severity": "warning",
            "message": f'The model "{model}" of agent "{agent.name}" needs `{variable}`, which is not set.',
            **seen.located(),
            "hint": f"Write `{variable}=…` into {folder}/.env.",
        }
        for variable in missing[:1]
    ]


def _web_socket(agent: Agent[Any], seen: Seen) -> list[Finding]:
    """Models that speak over a WebSocket alone, for as long as they ask the gateway."""
    kinds = [kind.__name__ for kind in type(agent.model).__mro__]
    name = next((kind for kind in kinds if kind in _OVER_WEB_SOCKETS), None)
    own = str(getattr(getattr(agent.model, "_client", None), "base_url", ""))
    if name is None or (own and not own.startswith(os.environ.get("OPENAI_BASE_URL", ""))):
        return []
    said = f'The `{name}` of agent "{agent.name}" speaks over a WebSocket, which the gateway does not pass on.'
    hint = "Use `OpenAIResponsesModel`, or name the model alone."
    return [finding("web_socket_not_served", said, hint, seen.located())]


def _stored_prompts(agent: Agent[Any], seen: Seen) -> list[Finding]:
    """A warning, as of https://developers.openai.com/api/docs/deprecations. A function is asked in runs alone."""
    prompt: object = getattr(agent, "prompt", None)
    prompt_id = cast("dict[str, object]", prompt).get("id") if isinstance(prompt, dict) else None
    if not isinstance(prompt_id, str):
        return []
    line = _line_of_prompt(prompt_id, seen)
    return [
        {
            "stage": "load",
            "code": "stored_prompt_ends",
            "severity": "warning",
            "message": f'Agent "{agent.name}" uses the stored prompt "{prompt_id}", and OpenAI serves stored prompts '
            "until 2026-11-30 only.",
            **(seen.located() if line is None else seen.located_at(line)),
            "hint": "Put the text of the prompt into `instructions` and remove `prompt`.",
        }
    ]


def _line_of_prompt(prompt_id: str, seen: Seen) -> int | None:
    """Where its id stands, which is mostly where it is used, or else the first `prompt=`."""
    lines = seen.read(seen.load["entry"]).splitlines()
    for wanted in (prompt_id, "prompt="):
        for number, line in enumerate(lines, 1):
            if wanted in line:
                return number
    return None
