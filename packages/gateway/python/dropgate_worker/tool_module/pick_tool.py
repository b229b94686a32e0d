"""Picks the tool that a module gives."""

import re
from typing import Any

from ..explain.code_frame import ReadText, locate
from ..explain.no_pick import Exports, declaration_of
from ..process_tools import GATEWAY_TOOL
from ..protocol.messages import Finding, ModuleLoad, ModuleTool


class NoTool(Exception):
    """Why a module gives none."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding["message"])
        self.finding = finding


def pick_tool(exports: Exports, load: ModuleLoad, read: ReadText) -> tuple[str, object]:
    """
    The tool of a module with its name there, first match wins: the only one, the one whose name there or own name is
    that of the tool. Raises `NoTool`.
    """
    tools = _distinct(exports)
    named = [each for each in tools.items() if _is_named(each, load["name"])]
    if len(tools) != 1 and not named:
        raise NoTool(_explain_none(list(tools), load, read))
    export_name, tool = named[0] if named else next(iter(tools.items()))
    unmet = _unmet_need(tool)
    if unmet:
        raise NoTool(_finding(unmet, export_name, load, read))
    return export_name, tool


def describe_module_tool(tool: Any) -> ModuleTool:
    """What models are told of a tool of the SDK."""
    description = tool.description if isinstance(tool.description, str) else ""
    return {"description": description, "parameters": {**tool.params_json_schema, "type": "object"}}


def _distinct(exports: Exports) -> dict[str, Any]:
    distinct: dict[str, Any] = {}
    for name, value in exports.items():
        if _is_function_tool(value) and not any(known is value for known in distinct.values()):
            distinct[name] = value
    return distinct


def _is_function_tool(value: Any) -> bool:
    # By its shape: a class of the module's own may stand for the SDK's.
    return (
        not isinstance(value, type)
        and callable(getattr(value, "on_invoke_tool", None))
        and isinstance(getattr(value, "name", None), str)
        and isinstance(getattr(value, "params_json_schema", None), dict)
        and not getattr(value, GATEWAY_TOOL, False)
    )


def _is_named(exported: tuple[str, Any], name: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", text.lower())

    export_name, tool = exported
    return bare(name) in (bare(export_name), bare(tool.name))


# Code, message, hint.
_About = tuple[str, str, str]


def _unmet_need(tool: Any) -> _About | None:
    """What only the run of an agent does for a tool: a guard that is not kept is worse than none."""
    names = ("tool_input_guardrails", "tool_output_guardrails")
    guards = [name for name in names if getattr(tool, name, None)]
    if guards:
        return (
            "tool_has_guardrails",
            f"The tool has {' and '.join(guards)}, which only the run of an agent keeps.",
            "Check what it is called with in its function, or leave the tool in its agent.",
        )
    if getattr(tool, "needs_approval", False) is False:
        return None
    return (
        "tool_needs_approval",
        "The tool asks for approval, and nobody is asked when the gateway calls it.",
        "Leave `needs_approval` out, and say with rules who may call it; or leave the tool in its agent.",
    )


def _explain_none(names: list[str], load: ModuleLoad, read: ReadText) -> Finding:
    path, name = load["modulePath"], load["name"]
    if not names:
        about = (
            "no_tool",
            f"{path} has no tool of the Agents SDK.",
            f'Put `@function_tool` on the function `{name.replace("-", "_")}`. A file that is no tool begins with "_".',
        )
        return _finding(about, None, load, read)
    listed = ", ".join(f"`{each}`" for each in names)
    about = (
        "several_tools",
        f"{path} has {len(names)} tools ({listed}), and none of them is called {name}.",
        "Give the one to serve that name, or give each a file of its own.",
    )
    return _finding(about, names[0], load, read)


def _finding(about: _About, at: str | None, load: ModuleLoad, read: ReadText) -> Finding:
    code, message, hint = about
    place = declaration_of(at, load, read) if at else None
    return {
        "stage": "export",
        "code": code,
        "severity": "error",
        "message": message,
        **locate(load["entry"], place, read),
        "hint": hint,
    }
