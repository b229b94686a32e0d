"""Says why a module cannot be served: what failed, or what comes near an agent, and the edit that fixes it."""

from ..protocol.messages import Finding, ModuleLoad
from .code_frame import ReadText, locate
from .failed_import import explain_failed_import
from .failure_detail import text_of
from .load_failure import finding
from .missed_factories import needy_hint
from .near_misses import nearest_miss
from .no_pick import Exports, Nearest, NoPick, declaration_of, kind_of
from .outline import outline_of
from .seen import Seen
from .unclear_pick import agent_in_function, named_agent_missing, several_agents


def explain_load_error(
    error: BaseException, exports: Exports, load: ModuleLoad, read: ReadText
) -> Finding:
    """A finding for anything raised. Never raises an `Exception`."""
    try:
        if isinstance(error, NoPick):
            return explain_no_pick(error, exports, load, read)
    except Exception as raised:
        # An export looks into itself where it is compared or shown.
        error = raised
    try:
        return explain_failed_import(error, load, read)
    except Exception:
        said = f"{type(error).__name__}: {text_of(error)}"
        message = f"{load['modulePath']} raised while it was imported: {said}"
        hint = "Raise an error that Python can show, made with the arguments that its class takes."
        return finding("import_failed", message, hint, {"file": load["entry"]})


def explain_no_pick(no_pick: NoPick, exports: Exports, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding of stage `export`."""
    explainers = {
        "several": several_agents,
        "in_function": agent_in_function,
        "named_missing": named_agent_missing,
        "empty_factory": _empty_factory,
        "hungry_factory": _hungry_factory,
        "none": _none,
    }
    code, message, hint, place = explainers[no_pick.kind](no_pick, exports, load, read)
    told: Finding = {"stage": "export", "code": code, "severity": "error", "message": message}
    return {**told, **locate(load["entry"], place, read), "hint": hint}


def _empty_factory(no_pick: NoPick, _exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    name = no_pick.names[0]
    return (
        "factory_without_agent",
        f"`{name}()` in {load['modulePath']} returned {kind_of(no_pick.value)}, not an agent.",
        f"Return an `Agent` from `{name}`.",
        declaration_of(name, load, read),
    )


def _hungry_factory(no_pick: NoPick, exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    name, *parameters = no_pick.names
    wanted = ", ".join(f"`{parameter}`" for parameter in parameters)
    return (
        "factory_needs_arguments",
        f"`{name}` in {load['modulePath']} requires {wanted}, which nobody gives it.",
        needy_hint(name, _seen(exports, load, read)),
        declaration_of(name, load, read),
    )


def _seen(exports: Exports, load: ModuleLoad, read: ReadText) -> Seen:
    return Seen(exports, load, read, outline_of(read(load["entry"])))


def _none(_no_pick: NoPick, exports: Exports, load: ModuleLoad, read: ReadText) -> Nearest:
    code, said, hint, place = nearest_miss(_seen(exports, load, read))
    told = ", ".join(f"`{name}` ({kind_of(value)})" for name, value in exports.items())
    has = f"It has {told}." if told else "It defines nothing."
    return code, f"{load['modulePath']} has nothing to serve. {said} {has}", hint, place
