"""
What tests of agents need, for pytest or any other: `from dropgate.testing import cases, start_gateway`.

It starts the `dropgate` of the project, and needs nothing beside the standard library.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

__all__ = ["Answer", "Case", "Gateway", "cases", "start_gateway"]

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30
LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Answer:
    """What an agent said, and the tokens of its model calls. `body` is the whole answer, as OpenAI has it."""

    text: str
    input_tokens: int
    output_tokens: int
    body: dict[str, Any]


class Gateway:
    """A gateway on a free port. `url` ends in `/v1`, as clients of OpenAI take it; `key` may administer."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key

    def ask(self, agent: str, message: str, *, timeout: float = 60) -> Answer:
        """Asks an agent by its model id; `timeout` is in seconds. Raises AssertionError with what went wrong."""
        asked = {"model": agent, "messages": [{"role": "user", "content": message}]}
        request = urllib.request.Request(
            f"{self.url}/chat/completions",
            data=json.dumps(asked).encode(),
            headers={"authorization": f"Bearer {self.key}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                body: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(
                f"{agent} answered {error.code}: {error.read().decode()}"
            ) from None
        usage = body["usage"]
        text = body["choices"][0]["message"]["content"]
        return Answer(text, usage["prompt_tokens"], usage["completion_tokens"], body)


@contextmanager
def start_gateway(
    project: str | os.PathLike[str] = ".", *, command: str = "npx dropgate"
) -> Generator[Gateway, None, None]:
    """
    Starts a gateway on a project folder, and waits until it serves.

    It ends with the `with` around it. It asks the upstream of the project, or the demo model where there is none.
    Raises RuntimeError with its last words where it does not start.
    """
    folder = Path(project).resolve()
    record = folder / ".dropgate" / "gateway.json"
    before = _read(record)
    environment = {**os.environ, "GATEWAY_HOST": "127.0.0.1", "GATEWAY_PORT": "0"}
    process = subprocess.Popen(
        [*shlex.split(command), "start"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield _when_ready(process, record, before)
    finally:
        _stop(process)


@dataclass(frozen=True)
class Case:
    """A case of a `tests` folder, as `dropgate test` played it."""

    agent: str
    name: str
    file: str
    result: str
    told: str

    def check(self) -> None:
        """Raises AssertionError with the first difference where it failed; pytest skips it where it was skipped."""
        if self.result == "skipped":
            raise unittest.SkipTest(self.told)
        if self.result != "passed":
            raise AssertionError(f"{self.file}: {self.told}")

    def __str__(self) -> str:
        return f"{self.agent}-{self.name}"


def cases(
    *agents: str, project: str | os.PathLike[str] = ".", command: str = "npx dropgate"
) -> Sequence[Case]:
    """
    Plays the cases beside these agents, or beside all, once, and gives each with what came of it.

    Raises RuntimeError where they cannot be played: an agent that is named does not exist, or one does not load.
    """
    asked = [*shlex.split(command), "test", *agents, "--only", "cases", "--json"]
    played = subprocess.run(asked, cwd=project, capture_output=True, check=False)
    try:
        report: dict[str, Any] = json.loads(played.stdout)
        found: list[dict[str, Any]] = report["cases"]
    except (ValueError, KeyError):
        raise RuntimeError((played.stdout + played.stderr).decode(errors="replace")) from None
    broken = [agent["id"] for agent in report["agents"] if agent["status"] == "failed"]
    if broken:
        told = "; ".join(str(error["message"]) for error in report["errors"])
        raise RuntimeError(f"{', '.join(broken)} does not load: {told}")
    return [_to_case(case) for case in found]


def _to_case(case: dict[str, Any]) -> Case:
    told = case["skipped"] or case["error"] or _difference(case["difference"])
    return Case(case["agent"], case["name"], case["file"], case["result"], told)


def _difference(difference: dict[str, Any] | None) -> str:
    if difference is None:
        return ""
    changes = [
        f"{change['path']}\n- {json.dumps(change.get('recorded'))}\n+ {json.dumps(change.get('replayed'))}"
        for change in difference["changes"]
    ]
    place = f"{difference['place']}: " if difference["place"] else ""
    return "\n".join([f"{place}{difference['message']}", *changes])


def _when_ready(
    process: subprocess.Popen[bytes], record: Path, before: dict[str, Any] | None
) -> Gateway:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            words = process.stderr.read() if process.stderr else b""
            raise RuntimeError(f"dropgate did not start:\n{words.decode(errors='replace')}")
        now = _read(record)
        if now is not None and now != before and _is_ready(now["address"]):
            return Gateway(f"{now['address']}/v1", now["token"])
        time.sleep(LOOK_EVERY_SECONDS)
    raise RuntimeError(f"dropgate did not start within {START_TIMEOUT_SECONDS} s.")


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def _read(record: Path) -> dict[str, Any] | None:
    try:
        return json.loads(record.read_text())
    except (OSError, ValueError):
        return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """A group: `npx` starts the gateway in a process below its own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.stderr:
        process.stderr.close()
