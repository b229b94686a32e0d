import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { FilePrint, Pin } from '../protocol/records.ts';
import type { Catalog, CatalogEntry, ServedGeneration } from './catalog.ts';
import { type FreePortDeps, loadFreeingPort } from './free-port.ts';
import { takePrints } from './kept/fingerprint.ts';
import type { LastKnownGood } from './kept/last-known-good.ts';
import { pinFindings } from './kept/pin-findings.ts';
import type { GenerationOutcome, LoadGeneration } from './load-generation.ts';
import {
  authorizeLoad,
  describeDenial,
  entryHashIn,
  entryHashOnDisk,
  type ModulePolicy,
  mayLoad,
} from './may-load.ts';
import { reportFindings } from './report-findings.ts';

export type SwapDeps = ModulePolicy &
  FreePortDeps & {
    readonly load: LoadGeneration;
    /** Lets a generation's runs end and its worker with them. */
    readonly retire: (agentId: string, generation: number) => Promise<void>;
    readonly catalog: Catalog;
    readonly lastKnownGood: LastKnownGood;
    /** Decides about a version that was loaded from disk, before it serves; null where nothing does. */
    readonly gate: Gate | null;
    /** What a description depends on beside the files, as a hash. */
    readonly conditions: (module: FoundModule) => Promise<string>;
    readonly emit: Emit;
  };

export type SwapOptions = {
  /** Loads the bytes of the generation before again instead of what lies on disk. */
  readonly leaveEdits?: boolean;
  /** Reported beside what its load finds. */
  readonly finding: Finding | null;
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
  { leaveEdits, finding, signal }: SwapOptions,
): Promise<CatalogEntry | null> {
  const { agentId, modulePath } = module;
  const before = latestOf(deps.catalog.get(agentId));
  const startedMs = performance.now();
  const generation = 1 + Math.max(before?.generation ?? 0, deps.lastKnownGood.lastNumber(agentId));
  const kept = leaveEdits ? before : null;
  const loaded = await passGate(
    deps,
    module,
    await loadAllowed(deps, module, { generation, kept, signal }),
    { isGated: !kept, signal },
  );
  const result = finding ? { ...loaded, findings: [...loaded.findings, finding] } : loaded;
  if (signal.aborted || result.gaveUp) {
    if (result.served) await deps.retire(agentId, generation);
    return null;
  }
  const entry = await toEntry(deps, module, { result, pin: kept?.pinned ?? null });
  if (!deps.catalog.get(agentId)) {
    // Its folder went while this version was kept: nothing may bring it back.
    await deps.lastKnownGood.forget(agentId);
    if (result.served) await deps.retire(agentId, generation);
    return null;
  }
  if (result.served && !mayLoad(deps, module, entryHashIn(module, result.served))) {
    // The rules changed while it loaded; the next attempt says so.
    await deps.retire(agentId, generation);
    return swapGeneration(deps, module, { ...(leaveEdits ? { leaveEdits } : {}), finding, signal });
  }
  putEntry(deps, entry);
  if (before?.pinned && !kept) deps.emit({ type: 'agent_released', agentId, modulePath, by: null });
  if (result.served) {
    const loadMs = Math.round(performance.now() - startedMs);
    deps.emit({ type: 'agent_loaded', agentId, modulePath, generation, loadMs });
    if (before) retireLater(deps, agentId, before.generation);
  }
  return entry;
}

/** Says why a version is not to serve; null where it may. `watched` are files whose change may mend that. Never throws. */
export type Gate = (
  module: FoundModule,
  served: ServedGeneration,
  signal: AbortSignal,
) => Promise<{ readonly finding: Finding; readonly watched: readonly string[] } | null>;

/** A version that may not serve is as one that did not load. */
async function passGate(
  deps: SwapDeps,
  module: FoundModule,
  loaded: GenerationOutcome,
  { isGated, signal }: { readonly isGated: boolean; readonly signal: AbortSignal },
): Promise<GenerationOutcome> {
  const { served } = loaded;
  const refusal = served && isGated ? await deps.gate?.(module, served, signal) : null;
  if (!served || !refusal) return loaded;
  await deps.retire(module.agentId, served.generation);
  return {
    ...loaded,
    served: null,
    findings: [...loaded.findings, refusal.finding],
    watched: [...loaded.watched, ...refusal.watched],
  };
}

/** Makes an entry the one that holds, and reports its findings. */
export function putEntry(deps: Pick<SwapDeps, 'catalog' | 'emit'>, entry: CatalogEntry): void {
  const { module, status, served, findings } = entry;
  // One assignment is the swap: a run that looks the agent up before it is on n, after it on n+1.
  deps.catalog.put(entry);
  const servingGeneration = status === 'ready' ? null : (served?.generation ?? null);
  reportFindings(deps, { ...module, servingGeneration }, findings);
}

/** How often a module is decided about again because its file changed while it loaded. */
const attemptLimit = 3;

type From = Parameters<LoadGeneration>[1];

/** Loads a module where policy lets it, beside what serves or, for want of a port, in its place. */
export function loadAllowed(
  deps: SwapDeps,
  module: FoundModule,
  from: From,
): Promise<GenerationOutcome> {
  const serving = deps.catalog.get(module.agentId)?.served ?? null;
  return loadFreeingPort(deps, { module, serving }, () => loadDecided(deps, module, from));
}

/** Of its entry exactly the bytes that were decided about. */
async function loadDecided(
  deps: SwapDeps,
  module: FoundModule,
  from: From,
): Promise<GenerationOutcome> {
  for (let attempt = 0; attempt < attemptLimit; attempt += 1) {
    const hash = from.kept ? entryHashIn(module, from.kept) : await entryHashOnDisk(module);
    const decision = authorizeLoad(deps, module, hash);
    if (decision.answer === 'deny') return refused(module, describeDenial(module, hash, decision));
    const result = await deps.load(module, from);
    if (!result.served) return result;
    const loaded = entryHashIn(module, result.served) ?? hash;
    if (loaded === hash) return result;
    await deps.retire(module.agentId, from.generation);
  }
  return refused(module, keepsChanging(module));
}

function refused(module: FoundModule, finding: Finding): GenerationOutcome {
  return { served: null, findings: [finding], watched: [module.entry] };
}

function keepsChanging({ entry }: FoundModule): Finding {
  return {
    stage: 'policy',
    code: 'decided_about_another_version',
    severity: 'error',
    message: 'The file changed each time between the decision about it and its load.',
    file: entry,
    hint: 'Stop what writes into the folder, then refresh.',
  };
}

/** `pin`: an operator went back to what was loaded, or tried again. */
async function toEntry(
  deps: SwapDeps,
  module: FoundModule,
  { result, pin }: { readonly result: GenerationOutcome; readonly pin: Pin | null },
): Promise<CatalogEntry> {
  const taken = asLoaded(module, await takePrints(result.watched), result.served);
  // Not what served when the load began: policy may have withdrawn it meanwhile.
  const { served: before = null, withheld, prints: known } = deps.catalog.get(module.agentId) ?? {};
  // What differs from a pinned generation is no edit: only a change after it was pinned is.
  const prints = (pin && known) ?? taken;
  if (!result.served) {
    const { findings } = result;
    const status = before ? 'degraded' : 'failed';
    const served = before && { ...before, pinned: pin };
    const more = withheld ? { withheld: { ...withheld, pinned: pin } } : {};
    return { module, served, status, findings, prints, ...more };
  }
  const served = { ...result.served, pinned: pin };
  const notKept = await deps.lastKnownGood.keep(module, served, prints);
  const findings = [...result.findings, ...(notKept ? [notKept] : []), ...pinFindings(module, pin)];
  return { module, served, status: 'ready', findings, prints };
}

/** What serves, or would if policy let it. */
export function latestOf(entry: CatalogEntry | undefined): ServedGeneration | null {
  return entry?.served ?? entry?.withheld ?? null;
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
    return sha256 === print.sha256 ? print : { ...print, sha256, mtimeMs: 0, changedMs: 0 };
  });
}

/** Lets a generation drain and end, without waiting for it. */
export function retireLater(
  deps: Pick<SwapDeps, 'retire' | 'emit'>,
  agentId: string,
  generation: number,
): void {
  const retire = async () => {
    // Whoever looked the generation up in this turn still gets to start its run on it.
    await setImmediate();
    await deps.retire(agentId, generation);
  };
  retire().catch((error: unknown) => {
    deps.emit({ type: 'fault_survived', where: `retiring ${agentId}`, error });
  });
}
