"""Answers the gateway's messages: loads one module in the life of the process, runs it, tells how it fares."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

from .active_runs import ActiveRuns
from .around.memory import collect_less_often, rss_mb
from .loaded_module import LoadedModule
from .models.model_line import ModelLine, SendFrame
from .outside_link import OutsideLink
from .preload import Preload
from .process_tools import process_tools
from .protocol.messages import PROTOCOL_VERSION, Finding, Message, ModuleLoad
from .protocol.run import Failed, no_usage
from .questions import Questions
from .run.run_scope import process_runs

if TYPE_CHECKING:
    from .load.load_limit import LoadLimit
    from .load.load_module import Loading


class ModuleServer:
    """`take` gets every message of the gateway; the module is imported between `load_asked` and `serve`."""

    def __init__(self, send: SendFrame, preload: Preload, loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._models = ModelLine(send, loop)
        self._preload = preload
        self._load: ModuleLoad | None = None
        self._limit: LoadLimit | None = None
        self._asked: asyncio.Future[None] = loop.create_future()
        self._stopped: asyncio.Future[None] = loop.create_future()
        self._loading: Loading | None = None
        self._runs: ActiveRuns | None = None
        self._close: Callable[[], Awaitable[None]] | None = None
        self._questions = Questions(send)
        process_runs.link = OutsideLink(loop, self._questions, send)
        self._handlers: dict[str, Callable[[Message], None]] = {
            "load": self._take_load,
            "run": self._take_run,
            "credit": self._take_credit,
            "cancel": self._take_cancel,
            "decisions": self._take_decisions,
            "reply": self._take_reply,
            "refusal": self._take_refusal,
            "tools_changed": self._take_tools,
            "ping": self._take_ping,
            "shutdown": self._take_shutdown,
        }

    async def load_asked(self) -> None:
        """Returns when there is a module to import, or the process shall end."""
        await asyncio.wait([self._asked, self._stopped], return_when=asyncio.FIRST_COMPLETED)

    def import_module(self) -> None:
        """Imports the module that was asked for. Never raises what the module raises."""
        if self._load is None:
            return
        self._preload.finish()
        is_closed = self._load.get("replay") == "closed"
        if is_closed:
            from .replay.closed_outside import close_outside

            close_outside(self._load["env"].get("OPENAI_BASE_URL"))
        from .load.load_module import Loading
        from .run.guard_tools import guard_tools

        def guard(sdk: ModuleType) -> None:
            # The module may run agents while it is imported.
            guard_tools(sdk, None)
            if is_closed:
                from .replay.recorded_servers import guard_servers

                guard_servers(sdk)

        self._loading = Loading(self._load, on_sdk=guard, limit=self._limit)
        self._loading.import_entry()

    async def serve(self) -> None:
        """Serves what was imported until the gateway says `shutdown`."""
        if self._stopped.done():
            return
        if self._loading is not None:
            loaded = await self._loading.finish()
            if isinstance(loaded, LoadedModule):
                self._close = loaded.close
                self._begin_to_run(loaded)
                self._send({"type": "loaded", "manifest": loaded.manifest})
            else:
                self._send({"type": "load_failed", **loaded})
        await self._stopped
        if self._close is not None:
            await self._close()

    def _begin_to_run(self, module: LoadedModule) -> None:
        from .models.built_answers import build_answers
        from .models.quick_client import quicken_client
        from .run.broker_calls import watch_broker_calls
        from .run.guard_tools import guard_tools
        from .run.run_module import run_module
        from .run.run_scope import RunThreads

        if self._load is not None:
            env = self._load["env"]
            token = env.get("OPENAI_API_KEY")
            watch_broker_calls(env.get("OPENAI_BASE_URL"), token, self._models)
        quicken_client()
        collect_less_often()
        build_answers()
        if module.sdk is not None:
            guard_tools(module.sdk, module.value)
        asyncio.get_running_loop().set_default_executor(RunThreads(thread_name_prefix="asyncio"))
        self._runs = ActiveRuns(partial(run_module, module), self._send, self._questions)

    def take(self, message: Message, data: bytes | None) -> None:
        """Answers one message; a type of a later protocol, or a reserved one, is none of ours."""
        if message["type"] == "model_data":
            self._models.take(message, data)
            return
        if message["type"] == "tool_result":
            self._questions.take_tool_result(message, data or b"")
            return
        handler = self._handlers.get(message["type"])
        if handler:
            handler(message)

    def _take_load(self, message: Message) -> None:
        if self._load is not None:
            return
        if message.get("version") != PROTOCOL_VERSION:
            self._send(_refused_version(message))
            return
        process_tools.connect(message.get("tools"))
        from .load.load_limit import LoadLimit

        # The time of the load begins here, as it does for the gateway: before the SDK is there.
        self._limit = LoadLimit(message.get("timeoutMs"))
        self._load = message["load"]
        self._asked.set_result(None)

    def _take_run(self, message: Message) -> None:
        if self._runs is not None:
            self._runs.start(message["run"], message["credits"])
            return
        event: Failed = {
            "type": "failed",
            "code": "agent_unavailable",
            "message": "The agent is not loaded; try again.",
            "usage": no_usage(),
        }
        self._send({"type": "event", "runId": message["run"]["runId"], "event": event})

    def _take_credit(self, message: Message) -> None:
        if self._runs:
            self._runs.grant(message["runId"], message["events"])

    def _take_cancel(self, message: Message) -> None:
        if self._runs:
            self._runs.cancel(message["runId"])

    def _take_decisions(self, message: Message) -> None:
        if self._runs:
            self._runs.decide(message["runId"], message["verdicts"])

    def _take_reply(self, message: Message) -> None:
        self._questions.answer(message["callId"], message.get("result"))

    def _take_refusal(self, message: Message) -> None:
        self._questions.refuse(message["callId"], message.get("message", ""))

    def _take_tools(self, message: Message) -> None:
        process_tools.change(message["tools"])

    def _take_ping(self, message: Message) -> None:
        self._send({"type": "pong", "sequence": message["sequence"], "rssMb": rss_mb()})

    def _take_shutdown(self, _message: Message) -> None:
        if not self._stopped.done():
            self._stopped.set_result(None)


def _refused_version(message: Message) -> Message:
    finding: Finding = {
        "stage": "worker",
        "code": "protocol_version",
        "severity": "error",
        "message": (
            f"The gateway speaks version {message.get('version')} of the worker protocol, "
            f"this worker {PROTOCOL_VERSION}."
        ),
        "hint": "Restart the gateway after an update; install its packages anew if that does not help.",
    }
    return {"type": "load_failed", "findings": [finding], "files": []}
