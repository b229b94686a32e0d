import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { Decision, Question } from '../protocol/policy.ts';
import type { CatalogEntry, ServedGeneration } from './catalog.ts';
import { takePrints } from './kept/fingerprint.ts';
import type { LoadAgent, LoadAgentResult } from './load-agent.ts';

/** What decides whether modules may load. */
export type LoadPolicy = {
  /** Decides only. */
  readonly decide: (question: Question) => Decision;
  /** Decides and records the decision. */
  readonly authorize: (question: Question) => Decision;
};

export type LoadAllowedDeps = LoadPolicy & {
  readonly load: LoadAgent;
  readonly retire: (agentId: string, generation: number) => Promise<void>;
};

/** How often a module is decided about again because its file changed while it loaded. */
const attemptLimit = 3;

const deniedCode = 'load_denied';

/** Loads a module where policy lets it: of its entry exactly the bytes that were decided about. */
export async function loadAllowed(
  deps: LoadAllowedDeps,
  module: FoundModule,
  from: Parameters<LoadAgent>[1],
): Promise<LoadAgentResult> {
  for (let attempt = 0; attempt < attemptLimit; attempt += 1) {
    const hash = from.kept ? hashOf(module, from.kept) : await hashOnDisk(module);
    const decision = askToLoad(deps.authorize, module, hash);
    if (decision.answer === 'deny') return refused(module, loadDenied(module, hash, decision));
    const result = await deps.load(module, from);
    if (!result.served) return result;
    const loaded = hashOf(module, result.served) ?? hash;
    if (loaded === hash) return result;
    await deps.retire(module.agentId, from.generation);
  }
  return refused(module, keepsChanging(module));
}

/** Asks whether a module may load whose entry has that hash. */
export function askToLoad(
  ask: (question: Question) => Decision,
  { agentId, modulePath }: FoundModule,
  hash: string | null,
): Decision {
  return ask({
    principal: { type: 'agent', id: agentId },
    action: 'load_module',
    resource: modulePath,
    ...(hash ? { aliases: [`sha256:${hash}`] } : {}),
    context: { agent_id: agentId },
    modulePath,
  });
}

/** Whether the last attempt to load it was refused. */
export function wasRefused({ findings }: CatalogEntry): boolean {
  return findings.some(({ code }) => code === deniedCode);
}

/** What to tell of a module that policy does not let load. */
export function loadDenied(
  { agentId, modulePath, entry }: FoundModule,
  hash: string | null,
  { rule }: Decision,
): Finding {
  const why = rule?.reason ? `: ${rule.reason.replace(/[.\s]+$/, '')}` : '';
  const [namespace = ''] = agentId.split('/', 1);
  const version = hash ? `, or only this version as "sha256:${hash}"` : '';
  return {
    stage: 'policy',
    code: deniedCode,
    severity: 'error',
    message: `Policy does not let ${modulePath} load (rule ${rule?.id ?? 'none'}${why}).`,
    file: entry,
    hint: `Add "${modulePath}" to security.namespaces.${namespace}.modules.allow in gateway.yaml${version}; for a while, an override that allows load_module does.`,
  };
}

/** The entry's hash in a generation. */
export function hashOf({ entry }: FoundModule, { manifest }: ServedGeneration): string | null {
  return manifest.files.find(({ path }) => path === entry)?.sha256 ?? null;
}

/** The entry's hash as it lies on disk; null where it cannot be read. */
export async function hashOnDisk({ entry }: FoundModule): Promise<string | null> {
  // Not read at once: what has become a pipe would never end.
  const [print] = await takePrints([entry]);
  return print?.sha256 || null;
}

function refused(module: FoundModule, finding: Finding): LoadAgentResult {
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
