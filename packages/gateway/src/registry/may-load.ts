import type { Finding } from '../protocol/diagnostics.ts';
import { type FoundModule, isToolModuleId } from '../protocol/module.ts';
import type { Decision, Question } from '../protocol/policy.ts';
import type { CatalogEntry, ServedGeneration } from './catalog.ts';
import { takePrints } from './kept/fingerprint.ts';

/** What decides whether modules may load. */
export type ModulePolicy = {
  /** Decides only. */
  readonly decide: (question: Question) => Decision;
  /** Decides and records the decision. */
  readonly authorize: (question: Question) => Decision;
};

const deniedCode = 'load_denied';

/** Whether a module may load whose entry has that hash (null: not known), without a record of the question. */
export function mayLoad(
  { decide }: Pick<ModulePolicy, 'decide'>,
  module: FoundModule,
  entryHash: string | null,
): boolean {
  return decide(loadQuestion(module, entryHash)).answer === 'allow';
}

/** The same with the deciding rule, on record. */
export function authorizeLoad(
  { authorize }: Pick<ModulePolicy, 'authorize'>,
  module: FoundModule,
  entryHash: string | null,
): Decision {
  return authorize(loadQuestion(module, entryHash));
}

function loadQuestion({ agentId, modulePath }: FoundModule, entryHash: string | null): Question {
  return {
    principal: { type: 'agent', id: agentId },
    action: 'load_module',
    resource: modulePath,
    ...(entryHash ? { aliases: [`sha256:${entryHash}`] } : {}),
    context: { agent_id: agentId },
    modulePath,
  };
}

/** Whether the last attempt to load it was denied. */
export function wasDenied({ findings }: CatalogEntry): boolean {
  return findings.some(({ code }) => code === deniedCode);
}

/** What to report of a module that policy does not let load. */
export function describeDenial(
  { agentId, modulePath, entry }: FoundModule,
  entryHash: string | null,
  { rule }: Decision,
): Finding {
  const why = rule?.reason ? `: ${rule.reason.replace(/[.\s]+$/, '')}` : '';
  const [namespace = ''] = agentId.split('/', 1);
  const version = entryHash ? `, or only this version as "sha256:${entryHash}"` : '';
  return {
    stage: 'policy',
    code: deniedCode,
    severity: 'error',
    message: `Policy does not let ${modulePath} load (rule ${rule?.id ?? 'none'}${why}).`,
    file: entry,
    hint: isToolModuleId(agentId)
      ? `Change the rule${version ? ` or allow this version as "sha256:${entryHash}"` : ''}; for a while, an override that allows load_module does.`
      : `Add "${modulePath}" to security.namespaces.${namespace}.modules.allow in gateway.yaml${version}; for a while, an override that allows load_module does.`,
  };
}

/** The entry's hash in a generation. */
export function entryHashIn({ entry }: FoundModule, { manifest }: ServedGeneration): string | null {
  return manifest.files.find(({ path }) => path === entry)?.sha256 ?? null;
}

/** The entry's hash as it lies on disk; null where it cannot be read. */
export async function entryHashOnDisk({ entry }: FoundModule): Promise<string | null> {
  // Not read at once: what has become a pipe would never end.
  const [print] = await takePrints([entry]);
  return print?.sha256 || null;
}
