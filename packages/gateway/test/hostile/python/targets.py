"""What is fuzzed. Each target builds its input of the drawn bytes and asserts what has to hold of any."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from dropgate_worker.around.written_setting import written_setting
from dropgate_worker.channel import ChannelFailure, FrameReader, line_of, parse_message
from dropgate_worker.explain.code_frame import code_frame
from dropgate_worker.explain.factory_form import factory_form
from dropgate_worker.explain.outline import may_need_packages, outline_of
from dropgate_worker.explain.started import started_names
from dropgate_worker.load.settings.module_settings import check_module_settings, named_agent
from dropgate_worker.load.source_files import SourceFiles
from dropgate_worker.protocol.messages import Message
from dropgate_worker.run.result_text import (
    MAX_NESTING,
    failed_checks,
    is_nested_too_deep,
    json_text,
    output_text,
    parsed_arguments,
)

_SCRATCH = os.path.join(tempfile.mkdtemp(), "agent.py")

Read = tuple[list[tuple[Message, bytes | None]], str | None]


def frames(drawn: Any) -> None:
    """The reader of the channel: what it makes of bytes does not depend on how they are cut."""
    cuts = [drawn.ConsumeIntInRange(0, 64) for _ in range(drawn.ConsumeIntInRange(0, 8))]
    data: bytes = drawn.ConsumeBytes(drawn.remaining_bytes())
    whole = _read([data])
    assert _read(_cut(data, cuts)) == whole, "It depends on how the bytes are cut."
    for message, _ in whole[0]:
        said = line_of(message)
        assert said.count(b"\n") == 1, "A message is more than a line."
        json.loads(said, parse_constant=_none_of_json)
        assert line_of(parse_message(said[:-1])) == said, "A message does not come back."


def _read(chunks: list[bytes]) -> Read:
    messages: list[tuple[Message, bytes | None]] = []
    reader = FrameReader(256)
    try:
        for chunk in chunks:
            reader.push(chunk, lambda message, body: messages.append((message, body)))
    except ChannelFailure as failure:
        return messages, failure.kind
    return messages, None


def _cut(data: bytes, lengths: list[int]) -> list[bytes]:
    chunks: list[bytes] = []
    for length in lengths:
        chunks.append(data[:length])
        data = data[length:]
    return [*chunks, data]


def _none_of_json(name: str) -> None:
    raise AssertionError(f"{name} is none of JSON's.")


def source(drawn: Any) -> None:
    """The text of a module: whatever it holds, reading it without running it raises nothing."""
    line, column = drawn.ConsumeIntInRange(1, 40), drawn.ConsumeIntInRange(1, 200)
    data = drawn.ConsumeBytes(drawn.remaining_bytes())
    with open(_SCRATCH, "wb") as file:
        file.write(data)
    text = SourceFiles(None, os.path.dirname(_SCRATCH)).peek(_SCRATCH)
    may_need_packages(text)
    outline = outline_of(text)
    written_setting(outline.tree, "cwd")
    started_names(outline)
    for built in outline.built:
        factory_form(built, outline)
    code_frame(text, line, column)
    _, findings = check_module_settings({"unknown": 1}, _SCRATCH, text)
    assert all(finding.get("hint") for finding in findings), "A finding says what to do."


def settings(drawn: Any) -> None:
    """`__gateway__`: what of it holds can be told to the gateway, and the rest is a finding."""
    metadata = _value(drawn, 0)
    if drawn.ConsumeBool():
        names = ("max_turns", "timeoutMs", "limits", "tools", "model", "accepts", "client_settings")
        metadata = {drawn.PickValueInList([*names]): _value(drawn, 1) for _ in range(6)}
    text = drawn.ConsumeUnicode(200)
    held, findings = check_module_settings(metadata, "agent.py", text)
    named_agent(metadata)
    said = line_of({"type": "loaded", "settings": held, "findings": findings})
    told = json.loads(said, parse_constant=_none_of_json)
    assert told["settings"].keys() == held.keys(), "A setting was lost."
    assert all(finding.get("hint") for finding in findings), "A finding says what to do."


def texts(drawn: Any) -> None:
    """What models and tools gave: arguments in JSON or not, results of any kind."""
    arguments: str = drawn.ConsumeUnicode(drawn.ConsumeIntInRange(0, 400))
    if drawn.ConsumeBool():
        arguments = "[" * drawn.ConsumeIntInRange(0, 3000) + arguments
    is_deep = is_nested_too_deep(arguments)
    value = parsed_arguments(arguments)
    assert not is_deep or value == arguments, "What is nested too deeply is parsed."
    said = line_of({"type": "ask", "question": {"arguments": value}})
    json.loads(said, parse_constant=_none_of_json)
    given = _value(drawn, 0)
    json_text(given)
    failed_checks(given)
    text = output_text(given)
    assert text is None or isinstance(text, str), "A result is no text."
    assert MAX_NESTING < 1000, "Python itself nests no deeper."


def _value(drawn: Any, level: int) -> Any:
    """A value of any kind that a module can hold."""
    kind = drawn.ConsumeIntInRange(0, 12 if level < 4 else 8)
    if kind < 5:
        plain = (
            None,
            True,
            drawn.ConsumeFloat(),
            drawn.ConsumeInt(8),
            10 ** drawn.ConsumeIntInRange(0, 400),
        )
        return plain[kind]
    if kind < 8:
        return drawn.ConsumeUnicode(drawn.ConsumeIntInRange(0, 30))
    if kind == 8:
        return drawn.ConsumeBytes(8)
    held = [_value(drawn, level + 1) for _ in range(drawn.ConsumeIntInRange(0, 5))]
    if kind == 9:
        return tuple(held)
    if kind == 10:
        return held
    return {drawn.ConsumeUnicode(12): each for each in held}
