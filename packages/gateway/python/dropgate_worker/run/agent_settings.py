"""What a caller asks of the model, as the SDK takes it."""

from __future__ import annotations

import copy
import inspect
import json
from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import listed, mark_view, output_type_name
from ..protocol.messages import Api
from ..protocol.run_input import RunInput, SchemaFormat
from .input_items import lone_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from agents import Agent, AgentOutputSchemaBase, ModelSettings


def asked_settings(
    sdk: ModuleType, run_input: RunInput, allowed: list[str], api: Api | None
) -> ModelSettings | None:
    """Model settings: the cap on output always, the others as far as the module allows; None where nothing is asked."""
    given = run_input["settings"]
    asked = {name: value for name, value in given.items() if name in allowed}
    is_chat = api == "chat_completions"
    fields: dict[str, Any] = {
        "max_tokens": given.get("maxOutputTokens"),
        "temperature": asked.get("temperature"),
        "top_p": asked.get("topP"),
        "presence_penalty": asked.get("presencePenalty"),
        "frequency_penalty": asked.get("frequencyPenalty"),
        "parallel_tool_calls": asked.get("parallelToolCalls"),
        "verbosity": asked.get("verbosity"),
    }
    if "reasoningEffort" in asked:
        from openai.types.shared import Reasoning

        fields["reasoning"] = Reasoning(effort=asked["reasoningEffort"])
    fields["tool_choice"] = _tool_choice(run_input)
    extra = {"service_tier": asked.get("serviceTier")}
    if is_chat:
        extra |= {"seed": asked.get("seed"), "stop": asked.get("stop")}
    fields["extra_args"] = _defined(extra) or None
    if run_input["outputFormat"]["type"] == "json_object" and api is not None:
        form = {"type": "json_object"}
        fields["extra_body"] = {"response_format": form} if is_chat else {"text": {"format": form}}
    fields = _defined(fields)
    return sdk.ModelSettings(**fields) if fields else None


def _tool_choice(run_input: RunInput) -> str | None:
    choice = run_input.get("toolChoice")
    return choice["name"] if isinstance(choice, dict) else choice


def agent_view(sdk: ModuleType, agent: Agent[Any], run_input: RunInput) -> Agent[Any]:
    """
    The agent as one run sees it: with the caller's schema as its output type where it has text output, and with
    guardrails that are given a lone text as such.
    """
    output_format, changed = run_input["outputFormat"], dict[str, object]()
    if output_format["type"] == "json_schema" and output_type_name(agent) == "text":
        changed["output_type"] = _schema_output(sdk, output_format)
    text, guardrails = lone_text(run_input["items"]), listed(agent, "input_guardrails")
    if guardrails:
        changed["input_guardrails"] = [_given_text(one, text) for one in guardrails]
    return mark_view(_changed_copy(agent, changed), agent) if changed else agent


class GuardrailTakesText(TypeError):
    """A guardrail was given a conversation, and can check a text alone."""


def _given_text(guardrail: Any, text: str | None) -> Any:
    """
    Streamed runs of the SDK give guardrails a list even where the run was given a string; whole ones do not. One that
    fails because a conversation is a list says so.
    """
    check = guardrail.guardrail_function

    async def check_text(context: object, agent: object, given: object) -> object:
        is_list = isinstance(given, list)
        is_lone = is_list and len(cast("list[object]", given)) == 1
        try:
            checked = check(context, agent, given if text is None or not is_lone else text)
            return await checked if inspect.isawaitable(checked) else checked
        except (AttributeError, TypeError) as error:
            if not is_list or "list" not in str(error):
                raise
            said = f"The guardrail {guardrail.get_name()} takes a text alone; a conversation is a list of items."
            raise GuardrailTakesText(said) from error

    changed = {"name": guardrail.get_name(), "guardrail_function": check_text}
    return _changed_copy(guardrail, changed)


def _changed_copy(original: Any, changed: Mapping[str, object]) -> Any:
    # A copy, not `clone()`: that makes the class anew and drops what the author's subclass holds.
    view = copy.copy(original)
    for name, value in changed.items():
        setattr(view, name, value)
    return view


def _schema_output(sdk: ModuleType, output_format: SchemaFormat) -> AgentOutputSchemaBase:
    class AskedOutput(sdk.AgentOutputSchemaBase):
        """The caller's schema; what the model says is only checked to be JSON."""

        def is_plain_text(self) -> bool:
            return False

        def name(self) -> str:
            return output_format["name"]

        def json_schema(self) -> dict[str, Any]:
            return output_format["schema"]

        def is_strict_json_schema(self) -> bool:
            return output_format["strict"]

        def validate_json(self, json_str: str) -> object:
            try:
                return json.loads(json_str)
            except ValueError as error:
                raise sdk.ModelBehaviorError(f"Invalid JSON: {error}") from error

    return AskedOutput()


def _defined(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
