import { setImmediate } from 'node:timers/promises';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { Manifest, ModuleLoad, UpstreamApi } from '../../protocol/records.ts';
import { type AgentShape, isAgent } from '../agent-shape.ts';
import { applyEnvironment } from '../around/apply-environment.ts';
import { connectMcpServers } from '../around/mcp-servers.ts';
import { enterSurroundings, peekText, type Surroundings } from '../around/surroundings.ts';
import { findStubs } from '../explain/builder-stubs.ts';
import { findUndefinedNames } from '../explain/causes/undefined-name.ts';
import { explainChoice } from '../explain/chosen-export.ts';
import { explainFailedPick } from '../explain/failed-pick.ts';
import type { FailureContext } from '../explain/failure-context.ts';
import { explainLoadError } from '../explain/load-failure.ts';
import type { Missing } from '../explain/missed/missed-exports.ts';
import { explainStray, isOfScript } from '../explain/stray-error.ts';
import { findDoubtful, findUnfit } from '../explain/unfit-agents.ts';
import { peekBindings } from '../facts/bindings.ts';
import type { LoadedModule, SdkCopy } from '../loaded-module.ts';
import { useDirectClient } from '../models/direct-client.ts';
import { keepModelAccess } from '../models/model-access.ts';
import type { ModelLine } from '../models/model-line.ts';
import { contextMaker, findContextTrouble } from '../module-context.ts';
import { guardTools } from '../run/guard-tools.ts';
import { callsAtLoad } from '../script/calls-at-load.ts';
import { orHeld } from '../script/held-run.ts';
import { importEntry } from '../script/import-entry.ts';
import { createLoadScript, type LoadScript } from '../script/load-script.ts';
import { createLoadPatience, LoadHangs, type LoadPatience } from '../script/stuck-import.ts';
import { describeModuleTool, pickTool } from '../tool-module/pick-tool.ts';
import { processTools } from '../tools/process-tools.ts';
import { applySettings } from './apply-settings.ts';
import type { TopLevel } from './choose-agent.ts';
import { describeAgents } from './describe.ts';
import { holdProcess } from './hold-process.ts';
import { realPath } from './local-files.ts';
import { installModuleHooks, type ModuleHooks } from './module-hooks.ts';
import { askedAgent, checkModuleSettings } from './module-settings.ts';
import { type ModuleExports, type PickedExport, pickExport } from './pick-export.ts';
import { keptFrames, type ProcessExit } from './process-exit.ts';
import {
  apiOfDefault,
  importSdkOfModule,
  muteTracing,
  type SdkOfModule,
  settleApi,
  useApi,
} from './sdk-copy.ts';
import { createSourceFiles, filesOf, type SourceFiles } from './source-files.ts';

/** What a module turned out to be, or all that keeps it from being served. */
export type LoadResult =
  | { readonly type: 'loaded'; readonly module: LoadedModule }
  | {
      readonly type: 'load_failed';
      readonly findings: readonly Finding[];
      readonly files: readonly string[];
    };

export type LoadDeps = {
  /** Folder the gateway was started in. */
  readonly projectRoot: string;
  /** This process's environment, which the load changes. */
  readonly env: Record<string, string | undefined>;
  /** Time for the load; no limit where it is missing. */
  readonly timeoutMs?: number | undefined;
  /** The gateway's copy of the SDK where it is already imported, with tracing muted. */
  readonly preloadedSdk: SdkCopy | null;
  /** The way to models over the channel. */
  readonly line: ModelLine;
};

/** A load under way. */
export type Loading = {
  /** Never rejects. */
  readonly result: Promise<LoadResult>;
  /**
   * The failure that a stray error (`unhandled_rejection`, `uncaught_exception`, `process_exit`) of the module makes of it;
   * null where it is a matter of the module's script, with which the load goes on.
   */
  readonly failBy: (code: string, error: unknown) => LoadResult | null;
  /** True where an exit is one of the module's script, which is not to be done. */
  readonly holdsExit: (exit: ProcessExit) => boolean;
};

/** Begins to load one generation of one module into this process; a process loads one module in its life. */
export function beginLoad(load: ModuleLoad, deps: LoadDeps): Loading {
  const entry = realPath(load.entry);
  const sources = createSourceFiles(load);
  const startedAtMs = performance.now();
  holdProcess(deps.env.NODE_OPTIONS);
  const ownFetch = applyEnvironment(load, deps.env, deps.line);
  if (deps.preloadedSdk) {
    const api = apiOfDefault(load);
    if (api) useApi(deps.preloadedSdk, api);
    // The module may run agents while it is imported.
    guardTools(deps.preloadedSdk, null);
  }
  // An author's line may lie below many of packages; ten frames, as by default, often end before it.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit ?? 0, keptFrames);
  const { projectRoot } = deps;
  const hooks = installModuleHooks(sources, { projectRoot, entry });
  const found = { ...load, entry, folder: realPath(load.folder) };
  const text = peekText(sources, entry);
  const around = enterSurroundings(found, { text, projectRoot });
  const { failedImport } = hooks;
  const context: FailureContext = { ...deps, load: found, sources, failedImport };
  const failed = (findings: readonly Finding[]): LoadResult => ({
    type: 'load_failed',
    findings: [...findings, ...around.withheldEnv.findings(text)],
    files: filesOf(sources, entry).map(({ path }) => path),
  });
  const attempt = async (): Promise<LoadResult> => {
    const outcome = await loadModule(context, { hooks, script, around, ownFetch, patience }, deps);
    if ('findings' in outcome) return failed(outcome.findings);
    // What the script leaves rejected is told before this resumes.
    await setImmediate();
    const warnings = [...outcome.manifest.warnings, ...script.findings()];
    const manifest = { ...outcome.manifest, warnings, files: filesOf(sources, entry) };
    if (load.kept === null) keepFiles(sources, load.keptFolder);
    const loadMs = Math.round(performance.now() - startedAtMs);
    return { type: 'loaded', module: { ...outcome, manifest: { ...manifest, loadMs } } };
  };
  const patience = createLoadPatience({ ...deps, text });
  const script = beginScript(context, hooks);
  const fail = (error: unknown) => {
    const handed = error instanceof LoadHangs ? peekBindings() : null;
    if (handed) script.stopped(handed.values);
    return failed([script.neededCall(error) ?? script.located(explainLoadError(error, context))]);
  };
  return {
    result: Promise.race([attempt(), patience.hangs])
      .catch(fail)
      .finally(() => {
        script.end();
        patience.end();
      }),
    failBy: (code, error) =>
      isOfScript(code, error) && script.takes(error)
        ? null
        : failed([explainStray(code, error, context)]),
    holdsExit: script.takes,
  };
}

/** From here on the module is refused model calls, until its load is over. */
function beginScript(context: FailureContext, hooks: ModuleHooks): LoadScript {
  const facts = () => hooks.entryText().facts();
  const script = createLoadScript(context, facts);
  callsAtLoad.begin({
    isPermitted: () => facts().script.permitsCalls,
    onRefused: script.onRefused,
    holds: script.held.holds,
    isLate: script.isLate,
    onLate: script.onLate,
  });
  if (context.preloadedSdk) callsAtLoad.guard(context.preloadedSdk);
  return script;
}

type LoadTools = {
  readonly hooks: ModuleHooks;
  readonly script: LoadScript;
  readonly around: Surroundings;
  /** What this process has as its `fetch`, where the module leaves it alone. */
  readonly ownFetch: typeof fetch;
  readonly patience: LoadPatience;
};

type Outcome = LoadedModule | { readonly findings: readonly Finding[] };

async function loadModule(
  context: FailureContext,
  tools: LoadTools,
  deps: LoadDeps,
): Promise<Outcome> {
  const { load } = context;
  const { hooks, around, ownFetch } = tools;
  const { exports, values } = await importEntry(load.entry, tools);
  const topLevel: TopLevel = {
    values,
    get facts() {
      return hooks.entryText().facts();
    },
  };
  const picked =
    load.serves === 'tool'
      ? await pickTool(exports, context)
      : await pickAgent({ exports, topLevel, context }, tools);
  if (!('value' in picked)) return picked;
  const sdk = await importSdkOfModule(hooks.packages);
  if (sdk && sdk.copy !== deps.preloadedSdk) muteTracing(sdk.copy);
  guardTools(sdk?.copy ?? null, picked.value);
  const { env } = deps;
  const entryText = context.sources.peek(load.entry);
  const access = keepModelAccess({ load, env, entryText, sdk: sdk?.copy ?? null });
  const brokerBaseUrl = load.env.OPENAI_BASE_URL;
  if (sdk && brokerBaseUrl) {
    await useDirectClient(sdk.copy, { line: deps.line, brokerBaseUrl, fetch: ownFetch });
  }
  const apiBefore = sdk?.copy === deps.preloadedSdk ? apiOfDefault(load) : null;
  return describe({ picked, exports, topLevel, sdk, context, around, access, apiBefore });
}

/** What is served of a module that is there for its agent. */
async function pickAgent(
  { exports, topLevel, context }: Missing,
  { script, patience }: LoadTools,
): Promise<PickedExport | { readonly findings: readonly Finding[] }> {
  const { load } = context;
  const asked = askedAgent(exports.__gateway__);
  const names = { asked, exportNames: load.exportNames, folderName: load.name };
  const found = await pickExport(exports, names, topLevel);
  const picked = await orHeld(found, script.held, patience);
  if ('value' in picked) return picked;
  const failure = script.failure();
  const missed = explainFailedPick(picked, { exports, topLevel, context });
  if (missed.code === 'no_agent' && script.isLeft()) throw new LoadHangs(null);
  const isUnclear = missed.code === 'no_agent' && failure !== null;
  return { findings: [isUnclear ? explainLoadError(failure, context) : missed] };
}

async function describe(found: {
  picked: PickedExport;
  exports: ModuleExports;
  topLevel: TopLevel;
  sdk: SdkOfModule | null;
  context: FailureContext;
  around: Surroundings;
  /** What was found of its way to models. */
  access: readonly Finding[];
  /** What its copy of the SDK was told before the import; null where it was told nothing. */
  apiBefore: UpstreamApi | null;
}): Promise<Outcome> {
  const { picked, exports, topLevel, sdk, context, around } = found;
  const { load } = context;
  const entry = { file: load.entry, text: context.sources.peek(load.entry) };
  const { settings, findings } = checkModuleSettings(exports.__gateway__, entry);
  const agent: AgentShape | null = isAgent(picked.value) ? picked.value : null;
  const entryText = entry.text;
  const applied = applySettings({ load, settings, entryText, agent, sdk: sdk?.copy ?? null });
  await settleApi(load.upstreams[applied.upstream.name], found);
  const source = { entry, topLevel };
  const errors = [
    ...applied.findings.filter(({ severity }) => severity === 'error'),
    ...(agent ? findUnfit(agent, source) : []),
  ];
  if (errors.length > 0) return { findings: [...errors, ...findings] };
  const servers = agent ? await connectMcpServers(agent, load.entry) : null;
  const agents = agent ? await describeAgents(agent) : [];
  const manifest: Manifest = {
    kind: picked.kind,
    exportName: picked.exportName,
    exports: Object.keys(exports).filter((name) => name !== '__gateway__'),
    agents,
    ...(picked.kind === 'tool' ? { tool: describeModuleTool(picked.value) } : {}),
    settings,
    gatewayTools: processTools.give(settings.tools ?? [], agent),
    model: applied.model,
    upstream: applied.upstream,
    sdk: sdk?.about ?? null,
    runtime: { name: 'node', version: process.versions.node },
    files: [],
    warnings: [
      ...explainChoice(picked, topLevel, context),
      ...findings,
      ...found.access,
      ...around.workingFolder.settle(settings.cwd),
      ...around.withheldEnv.findings(entryText),
      ...applied.findings,
      ...(servers?.findings ?? []),
      ...(agent ? findContextTrouble(exports.__gateway__, source) : []),
      ...(await findDoubtful({ kind: picked.kind, agent, sdk: sdk?.copy ?? null }, source)),
      ...findStubs(entry),
      ...findUndefinedNames(topLevel, sdk?.copy ?? null, context),
    ],
    loadMs: 0,
  };
  const makeContext = contextMaker(exports.__gateway__, topLevel);
  const module = { manifest, value: picked.value, sdk: sdk?.copy ?? null, makeContext };
  return servers?.close ? { ...module, close: servers.close } : module;
}

/** Only this process has the very bytes it loaded; the file may be another by the time the gateway looks. */
function keepFiles(sources: SourceFiles, folder: string): void {
  try {
    sources.keep(folder);
  } catch {
    // The gateway keeps them too, and says so where it cannot.
  }
}
