import { setImmediate as nextTurn } from 'node:timers/promises';
import { runIdTime, type UsedModel } from '../../protocol/journal/journal.ts';
import type { Engine } from '../engines/engine.ts';

/** Chunks of steps read by one statement; SQLite lets nothing else happen meanwhile. */
const READ_STEP = 100;

/** The newest chunks say enough where there are more. */
const MOST_CHUNKS = 50_000;

/** Which models the runs since a time called, each once for who called it: of what is kept of their steps. */
export async function readUsedModels(
  { relaxed, guarded }: Pick<Engine, 'relaxed' | 'guarded'>,
  sinceMs: number,
): Promise<UsedModel[]> {
  const found = new Map<string, UsedModel>();
  let before: { readonly run_id: string; readonly first_step: number } | null = null;
  for (let read = 0; read < MOST_CHUNKS; read += READ_STEP) {
    let page = relaxed
      .selectFrom('run_steps')
      .innerJoin('runs', 'runs.id', 'run_steps.run_id')
      .select(['run_id', 'first_step', 'run_steps.steps', 'agent_id', 'key_id'])
      .where('run_id', '>=', `run_${runIdTime(sinceMs)}`);
    if (before !== null) {
      const { run_id, first_step } = before;
      page = page.where((row) =>
        row(row.refTuple('run_id', 'first_step'), '<', row.tuple(run_id, first_step)),
      );
    }
    const newest = page.orderBy('run_id', 'desc').orderBy('first_step', 'desc').limit(READ_STEP);
    const rows = await guarded(() => newest.execute());
    for (const { steps, agent_id: agentId, key_id: keyId } of rows) {
      for (const used of modelsIn(steps)) {
        found.set(JSON.stringify([agentId, keyId, used]), { agentId, keyId, ...used });
      }
    }
    before = rows.at(-1) ?? null;
    if (rows.length < READ_STEP) break;
    await nextTurn();
  }
  return [...found.values()];
}

function modelsIn(steps: string): Pick<UsedModel, 'upstream' | 'model'>[] {
  if (!steps.includes('"model_call"')) return [];
  const parsed: { kind: string; upstream: string; model: string | null }[] = JSON.parse(steps);
  return parsed.flatMap(({ kind, upstream, model }) =>
    kind === 'model_call' && model !== null ? [{ upstream, model }] : [],
  );
}
