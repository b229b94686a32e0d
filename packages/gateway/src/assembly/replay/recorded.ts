import type { Manifest } from '../../protocol/records.ts';
import type { Catalog, ServedGeneration } from '../../registry/catalog.ts';
import { filesHashOf } from '../../registry/kept/files-hash.ts';
import type { BeginRunDeps } from '../../runs/begin-run.ts';
import type { Parts } from '../agent-processes.ts';

/** Says of what files the runs of an agent are, where what they hold is recorded. */
export function createRecorded(
  { live }: Pick<Parts, 'live'>,
  find: Catalog['get'],
): NonNullable<BeginRunDeps['recorded']> {
  const hashOf = rememberHashes();
  return ({ agentId, generation }) => {
    if (live.current().runs.record !== 'contents') return null;
    const served = find(agentId)?.served;
    return { filesHash: served?.generation === generation ? hashOf(served) : null };
  };
}

/** A generation has thousands of files at most, and thousands of runs. */
function rememberHashes(): (served: ServedGeneration) => string {
  const known = new WeakMap<Manifest, string>();
  return (served) => {
    const hash = known.get(served.manifest) ?? filesHashOf(served);
    known.set(served.manifest, hash);
    return hash;
  };
}
