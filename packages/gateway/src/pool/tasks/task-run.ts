import { type FailureCode, failures } from '../../errors.ts';
import type { LiveRun, ModelAccess, PoolRun, RunOrigin } from '../../protocol/pool.ts';
import type { ModuleLoad, UpstreamApi } from '../../protocol/records.ts';
import { noUsage } from '../../protocol/run.ts';
import type { PlainModel } from '../../protocol/task-prompts.ts';
import type { UnreadRoom } from '../../protocol/unread-room.ts';
import { ActiveRun, failed } from '../active-run.ts';
import { askWhole, type WholeAnswer } from './ask-whole.ts';
import { taskRequest, textOfAnswer } from './task-request.ts';

export type TaskRunDeps = {
  readonly grantModelAccess: (agentId: string) => ModelAccess;
  readonly unread: UnreadRoom;
};

/**
 * Makes what answers the prompt of a chat client's task in place of a worker: one call of a model with what the request
 * says and nothing of the agent, made and booked where those of workers are.
 */
export function createTaskRun({ grantModelAccess, unread }: TaskRunDeps) {
  return (load: ModuleLoad, { model, ...request }: PoolRun & { readonly model: PlainModel }) => {
    const { runId, input } = request.run;
    const access = grantModelAccess(load.agentId);
    access.setUpstream(model.upstream);
    access.startRun(runId, request.keyId, originOf(request, load));
    const active = new ActiveRun(request, unread.hold({ agentId: load.agentId }, 'run_events'));
    request.ending.onEnd(() => {
      access.endRun(runId);
      access.revoke();
    });
    const { answer, abort } = askWhole(access, { runId, ...taskRequest(model, input) });
    active.attach({
      credit: () => undefined,
      cancel: abort,
      decide: () => undefined,
      outlived: (gone) => gone(),
      usage: () => access.usageOf(runId),
      hasRefused: (code) => access.hasRefused(runId, code),
    });
    void answer.then((whole) => tell(active, whole, model.api));
    const live: LiveRun = { sendTo: (sink) => active.sendTo(sink), decide: () => undefined };
    return live;
  };
}

function tell(active: ActiveRun, answer: WholeAnswer, api: UpstreamApi): void {
  const { status, text } = answer;
  const said = status === 200 && text !== null ? textOfAnswer(text, api) : null;
  if (said === null) {
    active.fail(failed(failureOf(answer), 'The model of the agent could not answer.'));
    return;
  }
  active.push({ type: 'text', delta: said });
  active.push({ type: 'finished', reason: 'stop', usage: noUsage });
}

/** What a call that was not answered as it should be failed with. */
export function failureOf({ status, code }: Pick<WholeAnswer, 'status' | 'code'>): FailureCode {
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
