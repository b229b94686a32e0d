"""What fails before a call reaches an upstream: an agent that gives its client what that does not take."""

import re

from ..explain.failure_detail import is_local_path, text_of


def is_own_fault(thrown: BaseException) -> bool:
    """True for what fails before a call is sent: what the agent gives its client is the agent's fault."""
    if type(thrown).__name__ in ("UserError", "OpenAIError"):
        return True
    if isinstance(thrown, TypeError) and _REFUSED_ARGUMENT.search(text_of(thrown)):
        return True
    return any(_PREPARES_CALL.fullmatch(name) for name in _frame_functions(thrown))


# What Python and `openai` say of a call that does not fit its function.
_REFUSED_ARGUMENT = re.compile(
    r"unexpected keyword argument|required (?:positional|keyword-only) argument|Missing required argument"
    r"|multiple values for"
)

# Functions of the clients in which a call is made of what they are given.
_PREPARES_CALL = re.compile(
    r"_build_\w+|(?:async_)?maybe_transform|_validate_(?:headers|required_tool_choice|named_\w+)|_prepare_\w+"
    r"|items_to_messages|extract_all_content|tool_to_openai|_?convert_(?:handoff_)?tools?|convert_tool_choice"
    r"|convert_response_format|get_response_format|_remove_openai_responses_api_incompatible_fields"
)


def _frame_functions(thrown: BaseException) -> list[str]:
    names: list[str] = []
    frame = thrown.__traceback__
    while frame is not None:
        if not is_local_path(frame.tb_frame.f_code.co_filename):
            names.append(frame.tb_frame.f_code.co_name)
        frame = frame.tb_next
    return names


def frame_files(thrown: BaseException) -> list[str]:
    """Files of its traceback, that of where it was raised last."""
    files: list[str] = []
    frame = thrown.__traceback__
    while frame is not None:
        files.append(frame.tb_frame.f_code.co_filename)
        frame = frame.tb_next
    return files
