"""Loads one generation of one module into this process."""

import asyncio
import gc
import os
import platform
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any, TypedDict, cast

from ..agent_shape import is_agent
from ..around.mcp_servers import McpServers
from ..around.withheld_env import WithheldEnv
from ..around.working_folder import WorkingFolder
from ..explain.failure_detail import set_author_folders
from ..explain.load_failure import LoadHangs
from ..explain.missed_exports import explain_load_error
from ..explain.no_pick import Exports, NoPick
from ..explain.outline import may_need_packages, outline_of
from ..explain.seen import Seen
from ..explain.unclear_pick import explain_choice, explain_inner_choice
from ..loaded_module import LoadedModule
from ..models.model_access import keep_model_access
from ..process_tools import process_tools
from ..protocol.messages import Finding, Manifest, ModuleLoad
from ..sdk import api_in_use, describe_sdk, import_sdk, imported_sdk
from ..tool_module.pick_tool import NoTool, describe_module_tool, pick_tool
from .apply_settings import apply_settings
from .calls_at_load import (
    Refused,
    RefusedAtLoad,
    are_permitted,
    explain_refused,
    refused_finding,
    refusing_calls,
    renew_connections,
)
from .cannot_run import cannot_run
from .choose_agent import run_factory, sole_inner
from .describe import describe_agents
from .factory_arguments import factory_arguments
from .importer import ModuleImporter, author_folders
from .load_limit import LoadLimit, exits_raise, place_of_task
from .module_context import module_context
from .pick_export import PickBy, Picked, declared_in, exports_of, pick_export, settle_factory
from .script_parts import explain_left_out, explain_script, script_failure
from .settings.module_settings import check_module_settings, named_agent
from .source_files import SourceFiles
from .spawned_child import let_children_import
from .workflow_needs import find_stubs, unserved_approvals, workflow_needs


class LoadFailed(TypedDict):
    """Why a module could not be loaded, and the local files read before it failed."""

    findings: list[Finding]
    files: list[str]


class Loading:
    """A load under way: `import_entry` runs the module, outside of any loop; `finish` the rest, inside one."""

    def __init__(
        self,
        load: ModuleLoad,
        on_sdk: Callable[[ModuleType], None],
        limit: LoadLimit | None = None,
    ) -> None:
        self._limit = limit or LoadLimit(None)
        # Called with the SDK before the module is imported.
        self._on_sdk = on_sdk
        self._load: ModuleLoad = {
            **load,
            "entry": os.path.realpath(load["entry"]),
            "folder": os.path.realpath(load["folder"]),
        }
        self._started_at = time.perf_counter()
        # The folder the gateway was started in.
        self._root = os.getcwd()
        self._working_folder = WorkingFolder(self._load, self._root)
        self._withheld_env = WithheldEnv(self._load, self._root)
        self._sources = SourceFiles(load["kept"], load["keptFolder"])
        self._exports: Exports = {}
        self._metadata: object = None
        self._picked: Picked | None = None
        # Why nothing was found, where a factory was written for an agent inside a function.
        self._without_factory: NoPick | None = None
        self._sdk: ModuleType | None = None
        self._findings: list[Finding] = []
        # What a module that is served did wrong as a script.
        self._script_error: BaseException | None = None
        self._told: list[Finding] = []

    def import_entry(self) -> None:
        """Imports the module and calls its factory. Never raises: what it raises becomes a finding."""
        load = self._load
        set_author_folders(author_folders(load), self._root)
        _apply_environment(load)
        self._withheld_env.withhold()
        self._working_folder.enter(self._sources.peek(load["entry"]))
        try:
            may_need = may_need_packages(self._sources.peek(load["entry"]))
            self._sdk = import_sdk() if may_need else imported_sdk()
            if self._sdk:
                self._on_sdk(self._sdk)
            api = load["upstreams"].get(load["defaultUpstream"]["name"])
            if self._sdk and api:
                self._sdk.set_default_openai_api(api)
            module = self._run_entry()
            # What stays for good need not be looked at by each collection to come.
            gc.freeze()
            self._exports = exports_of(module)
            self._metadata = getattr(module, "__gateway__", None)
            with exits_raise(), self._limit.armed():
                self._picked = self._pick(module)
        except RefusedAtLoad as error:
            self._findings = [refused_finding(error, load, self._sources.peek)]
        except NoTool as no_tool:
            self._findings = [no_tool.finding]
        except NoPick as no_pick:
            failed = self._script_error
            is_failed = failed is not None and no_pick.kind == "none"
            self._findings = [self._explained((failed if is_failed else None) or no_pick)]
        except BaseException as error:
            self._findings = [self._explained(error)]

    def _run_entry(self) -> ModuleType:
        """Runs the module; what it does as a script, beside building its agent, may fail."""
        importer = ModuleImporter(self._load, self._sources)
        let_children_import(self._load)
        outline = outline_of(self._sources.peek(self._load["entry"]))
        seen = Seen({}, self._load, self._sources.peek, outline)
        refused: list[Refused] = []
        gateway = self._load["env"].get("OPENAI_BASE_URL")
        guard = nullcontext() if are_permitted(outline) else refusing_calls(refused, gateway)
        try:
            with guard, exits_raise(), self._limit.armed():
                importer.import_entry()
        except (Exception, SystemExit, LoadHangs) as error:
            failure = script_failure(error, seen)
            if failure is None or importer.module is None:
                raise
            if not refused:
                self._told.append(failure)
                self._script_error = error
        finally:
            renew_connections()
        others = [] if refused else importer.skipped
        self._told.extend(explain_script(error, seen) for error in others)
        self._script_error = self._script_error or next(iter(others), None)
        self._told.extend(explain_refused(call, seen) for call in dict.fromkeys(refused))
        self._told.extend(explain_left_out(left, seen) for left in importer.left_out)
        if importer.module is None:
            raise ImportError(f"{self._load['modulePath']} was not run.")
        return importer.module

    def _pick(self, module: ModuleType) -> Picked:
        if self._load.get("serves") == "tool":
            return Picked("tool", *pick_tool(self._exports, self._load, self._sources.peek))
        by = self._pick_by(module)
        try:
            return pick_export(self._exports, by)
        except NoPick as no_pick:
            inner = sole_inner(no_pick, by.outline)
            if inner is None:
                raise
            self._without_factory = no_pick
            try:
                with self._refusing():
                    value = run_factory(inner, vars(module))
            except (Exception, SystemExit):
                raise no_pick from None
            return Picked("agent", inner.name, value, is_factory=True, inner=inner)

    def _refusing(self) -> AbstractContextManager[None]:
        """Agents that the written factory would start are not meant to be."""
        return refusing_calls([], self._load["env"].get("OPENAI_BASE_URL"))

    def _pick_by(self, module: ModuleType) -> PickBy:
        load = self._load
        return PickBy(
            load["exportNames"],
            load["name"],
            factory_arguments(load),
            outline_of(self._sources.peek(load["entry"])),
            named_agent(self._metadata),
            declared_in(module),
        )

    async def finish(self) -> LoadedModule | LoadFailed:
        """Gives the module, or why there is none. Never raises."""
        if self._picked is None:
            return self._failed(self._findings)
        try:
            guard = self._refusing() if self._without_factory else nullcontext()
            with guard, self._limit.armed():
                picked = await self._within_limit(settle_factory(self._picked))
            servers = McpServers(picked.value, self._load["entry"])
            described = self._described(picked, await servers.connect())
            if isinstance(described, LoadedModule):
                described.close = servers.close
            return described
        except BaseException as error:
            no_pick = error if isinstance(error, NoPick) else self._without_factory
            is_unclear = no_pick is not None and isinstance(error, Exception)
            return self._failed([self._explained((no_pick if is_unclear else None) or error)])

    def _explained(self, error: BaseException) -> Finding:
        return explain_load_error(error, self._exports, self._load, self._sources.peek)

    async def _within_limit(self, settling: Coroutine[Any, Any, Picked]) -> Picked:
        task = asyncio.ensure_future(settling)
        while not (await asyncio.wait({task}, timeout=self._limit.remaining_s()))[0]:
            if self._limit.is_over():
                place = place_of_task(settling)
                task.cancel()
                raise self._limit.hangs(place)
        return task.result()

    def _described(self, picked: Picked, found: list[Finding]) -> LoadedModule | LoadFailed:
        load, entry = self._load, self._load["entry"]
        text = self._sources.peek(entry)
        settings, findings = check_module_settings(self._metadata, entry, text)
        agent = picked.value if is_agent(picked.value) else None
        access = keep_model_access(load, text)
        model, upstream, applied = apply_settings(load, settings, agent, self._sdk)
        seen = Seen(self._exports, load, self._sources.peek, outline_of(text))
        make_context, told = module_context(self._metadata, picked.value, seen)
        applied.extend([*told, *self._unrunnable(picked, seen)])
        errors = [finding for finding in applied if finding["severity"] == "error"]
        if errors:
            return self._failed([*errors, *findings])
        self._sources.keep()
        process_tools.give(settings.get("tools", []), agent)
        manifest: Manifest = {
            "kind": picked.kind,
            "exportName": picked.name,
            "exports": list(self._exports),
            "agents": describe_agents(agent) if agent is not None else [],
            "settings": settings,
            "gatewayTools": process_tools.used,
            "model": model,
            "upstream": upstream,
            "sdk": describe_sdk(self._sdk, load["folder"]),
            "runtime": {"name": "python", "version": platform.python_version()},
            "files": self._sources.loaded(entry),
            "warnings": [
                *findings,
                *self._working_folder.settle(settings.get("cwd"), text),
                *self._withheld_env.findings(text),
                *applied,
                *access,
                *found,
                *self._choice(picked),
                *self._told,
                *find_stubs(entry, text),
            ],
            "loadMs": round((time.perf_counter() - self._started_at) * 1000),
        }
        if picked.kind == "tool":
            manifest["tool"] = describe_module_tool(picked.value)
        api = api_in_use() or load["upstreams"].get(upstream["name"])
        return LoadedModule(manifest, picked.kind, picked.value, self._sdk, api, make_context)

    def _unrunnable(self, picked: Picked, seen: Seen) -> list[Finding]:
        if is_agent(picked.value):
            return cannot_run(picked.value, self._sdk, seen)
        doubts = unserved_approvals(picked.name, seen)
        if picked.kind != "workflow":
            return doubts
        workflow = cast("Callable[..., object]", picked.value)
        return [*workflow_needs(picked.name, workflow, seen), *doubts]

    def _choice(self, picked: Picked) -> list[Finding]:
        read = self._sources.peek
        if picked.inner:
            return [explain_inner_choice(picked.inner, self._load, read)]
        if picked.started_in is None:
            return []
        return [explain_choice(picked.name, picked.started_in, self._metadata, self._load, read)]

    def _failed(self, findings: list[Finding]) -> LoadFailed:
        entry = self._load["entry"]
        files = [file["path"] for file in self._sources.loaded(entry)]
        withheld = self._withheld_env.findings(self._sources.peek(entry))
        return {"findings": [*findings, *withheld], "files": files}


def _apply_environment(load: ModuleLoad) -> None:
    # The module's `.env`, with the broker's variables merged in by the gateway, and its default model.
    default_model = load["defaultModel"]
    if default_model and default_model["name"]:
        os.environ["OPENAI_DEFAULT_MODEL"] = default_model["name"]
    os.environ.update(load["env"])
