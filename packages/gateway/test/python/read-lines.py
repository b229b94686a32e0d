"""Reads the vectors of lines from stdin with the worker's own reader and says what it made of each."""

import json
import sys
from typing import Any

from dropgate_worker.channel import ChannelFailure, LineReader, line_of

said: list[dict[str, object]] = []
for vector in json.load(sys.stdin):
    messages: list[dict[str, Any]] = []
    reader, failure = LineReader(64), None
    try:
        for chunk in vector["chunks"]:
            reader.push(chunk.encode("latin-1"), messages.append)
    except ChannelFailure as error:
        failure = error.kind
    said.append({"messages": messages, "failure": failure})
sys.stdout.buffer.write(line_of({"said": said}))
