import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Decision, Question } from '../protocol/policy.ts';
import type { FilePrint } from '../protocol/records.ts';
import type { Catalog, CatalogEntry, ServedGeneration } from './catalog.ts';
import type { FoundModule } from './discover.ts';
import { takePrints } from './fingerprint.ts';
import type { LastKnownGood } from './last-known-good.ts';
import type { LoadAgent, LoadAgentResult } from './load-agent.ts';

export type SwapDeps = {
  readonly catalog: Catalog;
  readonly load: LoadAgent;
  readonly lastKnownGood: LastKnownGood;
  /** What descriptions depend on beside the files, as a hash. */
  readonly conditions: () => string;
  readonly retire: (agentId: string, generation: number) => Promise<void>;
  readonly authorize: (question: Question) => Decision;
  readonly emit: Emit;
};

export type SwapOptions = {
  /** Loads the bytes of the generation before again instead of what lies on disk. */
  readonly leaveEdits?: boolean;
  /** Aborted when the outcome is no longer wanted. */
  readonly signal: AbortSignal;
};

/**
 * Loads the next generation of a module and swaps it in; while it loads, and when it fails, the one before serves.
 *
 * @returns The entry that is in the catalog afterwards; null where the outcome was not wanted any more.
 */
export async function swapGeneration(
  deps: SwapDeps,
  module: FoundModule,
  { leaveEdits, signal }: SwapOptions,
): Promise<CatalogEntry | null> {
  const { agentId, modulePath } = module;
  const before = deps.catalog.get(agentId)?.served ?? null;
  const startedMs = performance.now();
  const generation = (before?.generation ?? 0) + 1;
  const kept = leaveEdits ? before : null;
  const refusal = refusedByPolicy(deps, module);
  const result = refusal ?? (await deps.load(module, { generation, kept, signal }));
  if (signal.aborted) {
    if (result.served) await deps.retire(agentId, generation);
    return null;
  }
  const entry = await toEntry(deps, { module, before, result });
  // One assignment is the swap: a run that looks the agent up before it is on n, after it on n+1.
  deps.catalog.put(entry);
  const servingGeneration = result.served ? null : (before?.generation ?? null);
  report(deps, { agentId, modulePath, servingGeneration }, entry.findings);
  if (result.served) {
    const loadMs = Math.round(performance.now() - startedMs);
    deps.emit({ type: 'agent_loaded', agentId, modulePath, generation, loadMs });
    if (before) retireLater(deps, agentId, before.generation);
  }
  return entry;
}

type Outcome = {
  readonly module: FoundModule;
  readonly before: ServedGeneration | null;
  readonly result: LoadAgentResult;
};

async function toEntry(deps: SwapDeps, { module, before, result }: Outcome): Promise<CatalogEntry> {
  const prints = asLoaded(module, await takePrints(result.watched), result.served);
  const { served, findings } = result;
  if (!served) {
    return { module, served: before, status: before ? 'degraded' : 'failed', findings, prints };
  }
  const notKept = await deps.lastKnownGood.keep(module, served, prints);
  const all = notKept ? [...findings, notKept] : findings;
  return { module, served, status: 'ready', findings: all, prints };
}

/** Prints say what was loaded: a file that has changed since then must show as changed at the next look. */
function asLoaded(
  { folder }: FoundModule,
  prints: readonly FilePrint[],
  served: ServedGeneration | null,
): FilePrint[] {
  const loaded = new Map(served?.manifest.files.map(({ path, sha256 }) => [path, sha256]));
  if (served) loaded.set(join(folder, '.env'), served.envSha256 ?? '');
  return prints.map((print) => {
    const sha256 = loaded.get(print.path) ?? print.sha256;
    return sha256 === print.sha256 ? print : { ...print, sha256, mtimeMs: 0 };
  });
}

function refusedByPolicy(deps: SwapDeps, module: FoundModule): LoadAgentResult | null {
  const { answer, rule } = deps.authorize({
    principal: { type: 'agent', id: module.agentId },
    action: 'load_module',
    resource: module.modulePath,
  });
  if (answer === 'allow') return null;
  const finding: Finding = {
    stage: 'policy',
    code: 'load_denied',
    severity: 'error',
    message: `Policy does not let ${module.modulePath} load (rule ${rule?.id ?? 'none'}).`,
    file: module.entry,
    hint: 'Change the rule, or move the module below an allowed path.',
  };
  return { served: null, findings: [finding], watched: [module.entry] };
}

type About = {
  readonly agentId: string | null;
  readonly modulePath: string;
  readonly servingGeneration: number | null;
};

/** Says what is wrong with a module as of now; nothing clears what was said before. */
export function report(
  { emit }: Pick<SwapDeps, 'emit'>,
  about: About,
  findings: readonly Finding[],
): void {
  emit({ type: 'findings_reported', ...about, findings });
}

/** Lets a generation drain and end, without waiting for it. */
export function retireLater(deps: SwapDeps, agentId: string, generation: number): void {
  const retire = async () => {
    // Whoever looked the generation up in this turn still gets to start its run on it.
    await setImmediate();
    await deps.retire(agentId, generation);
  };
  retire().catch((error: unknown) => {
    deps.emit({ type: 'fault_survived', where: `retiring ${agentId}`, error });
  });
}
