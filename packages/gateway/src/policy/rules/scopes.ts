import { globCovers, matchesGlob } from './glob.ts';

/** What a key is limited to; null is no limit. */
export type Scopes = {
  readonly namespaces: readonly string[] | null;
  /** Globs over model ids. */
  readonly agents: readonly string[] | null;
};

/** Whether an agent lies within the scopes. */
export function isInScope({ namespaces, agents }: Scopes, modelId: string): boolean {
  if (namespaces && !namespaces.includes(modelId.split('/', 1)[0] ?? '')) return false;
  return agents === null || agents.some((pattern) => matchesGlob(pattern, modelId));
}

/** Whether every agent that fits a glob lies within the scopes. */
export function scopesCover({ namespaces, agents }: Scopes, glob: string): boolean {
  const isInNamespace = namespaces?.some((namespace) => globCovers(`${namespace}/*`, glob)) ?? true;
  return isInNamespace && (agents?.some((pattern) => globCovers(pattern, glob)) ?? true);
}

/** Whether a key is limited at all. */
export function isScoped({ namespaces, agents }: Scopes): boolean {
  return namespaces !== null || agents !== null;
}
