import { type Authorize, principalOf } from '../../policy/authorize.ts';
import { matchesGlob } from '../../policy/rules/glob.ts';
import type {
  ToolCallReport,
  ToolList,
  ToolServer,
  ToolStatus,
  ToolsRefresh,
} from '../../protocol/admin/tools-answer.ts';
import { toolOfModule } from '../../protocol/module.ts';
import type { Caller } from '../../protocol/policy.ts';
import { toolDiscoveryCodes } from '../../registry/discovery/discover-tools.ts';
import type { LiveTool, LiveTools } from '../../tools/live-tools.ts';
import type { ToolModule } from '../../tools/tool.ts';
import { problemOfModule } from '../../tools/tool-modules.ts';
import type { Parts } from '../agent-processes.ts';

/** A call that an operator makes. */
type Wanted = { readonly tool: string; readonly args: unknown; readonly signal: AbortSignal };

export type ToolsAdministrationDeps = {
  readonly authorize: Authorize;
  /** Looks at the files of modules that give tools. */
  readonly syncModules: () => Promise<unknown>;
};

/** What operators see and do of the gateway's tools. */
export function createToolsAdministration(
  parts: Parts,
  usersOf: () => ReadonlyMap<string, readonly string[]>,
  { authorize, syncModules }: ToolsAdministrationDeps,
) {
  const { tools, callTool, reloadSettings, emit } = parts;
  const list = (): ToolList => {
    const users = usersOf();
    return {
      servers: serversOf(tools),
      tools: tools.list().map((tool) => statusOf(parts, tool, users.get(tool.name) ?? [])),
      problems: [
        ...tools.problems().map(({ source, problem }) => ({ source, problem })),
        ...unusable(parts),
      ],
    };
  };
  return {
    list,
    async refresh(): Promise<ToolsRefresh> {
      const warnings = await reloadSettings();
      await Promise.all([tools.refresh(), syncModules()]);
      return { ...list(), warnings: [...warnings] };
    },
    async call(caller: Caller, { tool, args, signal }: Wanted): Promise<ToolCallReport> {
      const { requestId, keyId } = caller;
      const question = {
        principal: principalOf(caller),
        action: 'call_tool',
        resource: tool,
        context: { provenance: 'gateway' },
      } as const;
      const isAllowed = (given: unknown) =>
        authorize({ ...question, args: given }, requestId).answer === 'allow';
      const { traceparent } = caller;
      const trace = traceparent === undefined ? {} : { traceparent };
      const by = { caller: question.principal, requestId, ...trace };
      const result = await callTool({ tool, args, ...by, noCache: false, signal, isAllowed });
      const { text, ...ended } = result;
      const byNoAgent = { runId: null, agentId: null, modulePath: null, generation: null };
      const unknown = { callId: null, spanId: null, agoMs: 0, detail: null, contents: null };
      const called = { tool, provenance: 'gateway', ...unknown, ...ended } as const;
      emit({ type: 'tool_called', requestId, keyId, ...byNoAgent, ...called });
      return {
        tool,
        outcome: ended.outcome,
        result: text,
        error: ended.error,
        violation: ended.violation,
        cache: ended.cache,
        duration_ms: Math.round(ended.durationMs * 100) / 100,
        argument_bytes: ended.argumentBytes,
        result_bytes: ended.resultBytes,
      };
    },
  };
}

function serversOf(tools: Pick<LiveTools, 'list' | 'problems' | 'servers'>): ToolServer[] {
  const listed = tools.list();
  const problems = new Map(tools.problems().map(({ source, problem }) => [source, problem]));
  return tools.servers().map((server) => ({
    ...server,
    problem: problems.get(server.name) ?? null,
    tools: listed.filter(({ source }) => source === server.name).length,
  }));
}

/** Files that are not even loaded: two of one name, say. */
function unusable({ observers }: Pick<Parts, 'observers'>): ToolList['problems'] {
  return observers.diagnostics.all().flatMap(({ code, agent_id, module_path, message }) => {
    if (!toolDiscoveryCodes.includes(code)) return [];
    const source = agent_id === null ? module_path : toolOfModule(agent_id);
    return [{ source: source ?? code, problem: message }];
  });
}

function statusOf(
  { live, observers, toolModules }: Pick<Parts, 'live' | 'observers' | 'toolModules'>,
  { name, kind, source, description, parameters, tool, settings }: LiveTool,
  usedBy: readonly string[],
): ToolStatus {
  const module = kind === 'module' ? toolModules.find(name) : null;
  const problem = tool.problem() ?? (module && problemOfModule(module));
  const isDegraded = module !== null && tool.problem() === null && problem !== null;
  const { namespaces } = live.current().security;
  const offering = Object.entries(namespaces).filter(([, { offerTools }]) =>
    offerTools?.some((pattern) => matchesGlob(pattern, name)),
  );
  return {
    name,
    kind,
    source,
    description,
    parameters,
    provenance: 'gateway',
    state: problem === null ? 'ready' : isDegraded ? 'degraded' : 'not_ready',
    problem,
    module: module && moduleStatus(module),
    cache: settings.cache
      ? { ttl_seconds: settings.cache.ttl_seconds, shared: settings.cache.shared }
      : null,
    used_by: [...usedBy],
    offered_in: offering.map(([namespace]) => namespace),
    ...observers.toolTotals.of(name),
  };
}

function moduleStatus({ path, generation, findings }: ToolModule): ToolStatus['module'] {
  return { path, generation, diagnostics: [...findings] };
}
