import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Emit, EventOf } from '../events.ts';
import type { Pool } from '../pool/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { FailureDetail, LastEvent, RunEvent } from '../protocol/run.ts';
import { codeFrame } from '../protocol/text/code-frame.ts';
import { sha256 } from '../registry/kept/fingerprint.ts';

/** Nobody writes larger files by hand, and they are read at once. */
const maxFileBytes = 512 * 1024;

/** What each agent ran last, by its id. */
export type LastLoads = Map<string, ModuleLoad>;

/**
 * The pool, whose failures of runs and tools have the code of their place: of the bytes that ran, whatever lies on disk by
 * now. Notes in `last` what runs.
 */
export function frameFailures(pool: Pool, last: LastLoads): Pool {
  return {
    ...pool,
    run(load, request) {
      if (!load.replay) last.set(load.agentId, load);
      const framed = createFraming(load);
      const { ending, onEvent } = request;
      const live = pool.run(load, {
        ...request,
        ending: { ...ending, end: (event) => ending.end(event && framed(event)) },
        ...(onEvent ? { onEvent: (event) => onEvent(framed(event)) } : {}),
      });
      return {
        ...live,
        sendTo: (sink) => live.sendTo({ ...sink, write: (event) => sink.write(framed(event)) }),
      };
    },
  };
}

/** Emits events, those of workers that ended with the code of the place where they failed. */
export function frameEnds(emit: Emit, last: LastLoads): Emit {
  return (event) => emit(event.type === 'worker_ended' ? framedEnd(event, last) : event);
}

function framedEnd(event: EventOf<'worker_ended'>, last: LastLoads): EventOf<'worker_ended'> {
  const { detail, agentId, generation } = event;
  const load = agentId === null ? undefined : last.get(agentId);
  if (!detail || load?.generation !== generation) return event;
  const frame = frameOf(detail, load);
  return frame === null ? event : { ...event, detail: { ...detail, frame } };
}

/** An event goes to several; its file is read once. */
function createFraming(load: Pick<ModuleLoad, 'kept' | 'keptFolder'>) {
  const known = new WeakMap<RunEvent, RunEvent>();
  return <Event extends RunEvent | LastEvent>(event: Event): Event => {
    if (!('detail' in event) || event.detail === undefined) return event;
    const { detail } = event;
    const before = known.get(event) as Event | undefined;
    if (before) return before;
    const frame = frameOf(detail, load);
    const framed = frame === null ? event : { ...event, detail: { ...detail, frame } };
    known.set(event, framed);
    return framed;
  };
}

function frameOf(
  { file, line, column = 1 }: FailureDetail,
  { kept, keptFolder }: Pick<ModuleLoad, 'kept' | 'keptFolder'>,
): string | null {
  const hash = file === undefined ? undefined : kept?.[file];
  if (hash === undefined || line === undefined) return null;
  try {
    const path = join(keptFolder, hash);
    if (statSync(path).size > maxFileBytes) return null;
    const bytes = readFileSync(path);
    // Another process of this user can write there too: a name is no proof of what it holds.
    if (sha256(bytes) !== hash) return null;
    const text = bytes.toString();
    return line >= 1 && line <= text.split('\n').length ? codeFrame(text, { line, column }) : null;
  } catch {
    return null;
  }
}
