import { type FailureCode, failures } from '../../errors.ts';
import type { LiveRun, ModelAccess, PoolRun, RunOrigin } from '../../protocol/pool.ts';
import type { ModuleLoad, UpstreamApi } from '../../protocol/records.ts';
import { noUsage } from '../../protocol/run.ts';
import type { TaskModel } from '../../protocol/task-prompts.ts';
import type { UnreadRoom } from '../../protocol/unread-room.ts';
import { failureHeader } from '../../protocol/worker/broker-headers.ts';
import type { ModelData } from '../../protocol/worker/messages.ts';
import { ActiveRun, failed } from '../active-run.ts';
import { taskRequest, textOfAnswer } from './task-request.ts';

export type TaskRunDeps = {
  readonly grantModelAccess: (agentId: string) => ModelAccess;
  readonly unread: UnreadRoom;
};

/** The whole of an answer to a task is a line or two. */
const MOST_BYTES = 1024 * 1024;

const callId = 'task';

/**
 * Makes what answers the prompt of a chat client's task in place of a worker: one call of a model with what the request
 * says and nothing of the agent, made and booked where those of workers are.
 */
export function createTaskRun({ grantModelAccess, unread }: TaskRunDeps) {
  return (load: ModuleLoad, { model, ...request }: PoolRun & { readonly model: TaskModel }) => {
    const { runId, input } = request.run;
    const access = grantModelAccess(load.agentId);
    access.setUpstream(model.upstream);
    access.startRun(runId, request.keyId, originOf(request, load));
    const active = new ActiveRun(request, unread.hold({ agentId: load.agentId }, 'run_events'));
    request.ending.onEnd(() => {
      access.endRun(runId);
      access.revoke();
    });
    const answer = createAnswer((whole) => tell(active, whole, model.api));
    const take = access.answerOver({
      send(part, bytes) {
        answer.add(part, bytes);
        if (bytes) take({ type: 'model_ack', callId, taken: bytes.length }, null);
      },
      isBehind: () => false,
      waitingBytes: () => 0,
      onceTaken: queueMicrotask,
    });
    active.attach({
      credit: () => undefined,
      cancel: () => take({ type: 'model_abort', callId }, null),
      decide: () => undefined,
      outlived: (gone) => gone(),
      usage: () => access.usageOf(runId),
      hasRefused: (code) => access.hasRefused(runId, code),
    });
    const { path, body } = taskRequest(model, input);
    const headers = { 'content-type': 'application/json' };
    const call = { type: 'model_call', callId, runId, method: 'POST', path, headers } as const;
    take(call, Buffer.from(JSON.stringify(body)));
    const live: LiveRun = { sendTo: (sink) => active.sendTo(sink), decide: () => undefined };
    return live;
  };
}

type WholeAnswer = {
  readonly status: number;
  /** Of a failure of the gateway's own. */
  readonly code: string | null;
  /** Null where it broke off, or was too long. */
  readonly text: string | null;
};

/** Puts an answer together; what it becomes is told once. */
function createAnswer(onWhole: (answer: WholeAnswer) => void) {
  let status = 0;
  let code: string | null = null;
  let bytes = 0;
  const pieces: Uint8Array[] = [];
  return {
    add(part: ModelData, piece?: Uint8Array) {
      status = part.status ?? status;
      const named = part.headers?.[failureHeader];
      if (typeof named === 'string') code = named;
      bytes += piece?.length ?? 0;
      if (piece && bytes <= MOST_BYTES) pieces.push(piece);
      if (!part.end && !part.cut) return;
      const isWhole = part.end === true && bytes <= MOST_BYTES;
      const text = isWhole ? Buffer.concat(pieces).toString() : null;
      // What it took is booked once its last byte is here.
      setImmediate(() => onWhole({ status, code, text }));
    },
  };
}

function tell(active: ActiveRun, { status, code, text }: WholeAnswer, api: UpstreamApi): void {
  const said = status === 200 && text !== null ? textOfAnswer(text, api) : null;
  if (said !== null) {
    active.push({ type: 'text', delta: said });
    active.push({ type: 'finished', reason: 'stop', usage: noUsage });
    return;
  }
  active.fail(failed(failureOf(status, code), 'The model of the agent could not answer.'));
}

function failureOf(status: number, code: string | null): FailureCode {
  if (code !== null && Object.hasOwn(failures, code)) return code as FailureCode;
  if (status === 429) return 'upstream_rate_limited';
  return status >= 400 && status < 500 ? 'upstream_refused' : 'upstream_failed';
}

function originOf({ run, trace }: PoolRun, { modulePath, generation }: ModuleLoad): RunOrigin {
  const { request_id: requestId, user } = run.context;
  return {
    requestId,
    modulePath,
    generation,
    ...(trace === undefined ? {} : { trace }),
    ...(user === undefined ? {} : { user }),
  };
}
