"""Reads the vectors of lines from stdin with the worker's own reader and says what it made of each."""

import json
import sys
from typing import Any

from dropgate_worker.channel import ChannelFailure, FrameReader, line_of

said: list[dict[str, object]] = []
for vector in json.load(sys.stdin):
    messages: list[dict[str, Any]] = []
    raw: list[str | None] = []
    reader, failure = FrameReader(64), None

    def take(
        message: dict[str, Any],
        body: bytes | None,
        messages: list[dict[str, Any]] = messages,
        raw: list[str | None] = raw,
    ) -> None:
        messages.append(message)
        raw.append(None if body is None else body.decode("latin-1"))

    try:
        for chunk in vector["chunks"]:
            reader.push(chunk.encode("latin-1"), take)
    except ChannelFailure as error:
        failure = error.kind
    said.append({"messages": messages, "raw": raw, "failure": failure})
sys.stdout.buffer.write(line_of({"said": said}))
