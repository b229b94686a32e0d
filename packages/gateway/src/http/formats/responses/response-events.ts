import { failures, type GatewayError } from '../../../errors.ts';
import type { ToolEventsMode } from '../../../protocol/records.ts';
import type { InputItem, RunEvent } from '../../../protocol/run.ts';
import type { Presentation } from '../../../runs/run.ts';
import type { TurnAnswer } from '../../../runs/turns/turn-types.ts';
import { type Activity, activityLine } from '../activity-line.ts';
import type { HeldAnswer } from '../answer-room.ts';
import { askedCalls, type Interrupted } from '../approvals/asked-calls.ts';
import { waitingText } from '../approvals/waiting-text.ts';
import { waitingItems } from '../kept-answer.ts';
import { approvalUnsupported, guardrailBlocked, runFailure, safeAnswer } from '../run-failure.ts';
import type { ItemsInMaking } from './items-in-making.ts';
import { toKeptItems } from './kept-items.ts';
import { createOutputItems, type OutputItems } from './output-items.ts';
import {
  createResource,
  type OutputItem,
  type ResponseHead,
  type ResponseResource,
  type ResponseState,
} from './resource.ts';

export type ResponseOptions = {
  readonly head: ResponseHead;
  readonly presentation: Presentation;
  readonly room: HeldAnswer;
  /** Whether nothing of it is shown before its end: then nothing is that a guardrail stopped. */
  readonly isWhole: boolean;
  /** The run that waits, where one does. */
  readonly waitingRunId: string;
  /** Whether a person is asked in the text of a message, as the client reads no requests. */
  readonly asksInText: boolean;
  /** Told of it when it is whole, before its last event. */
  readonly onAnswer: (answer: TurnAnswer) => void;
};

/** Whoever is told how a response is made. */
export type ResponseTeller = Pick<ItemsInMaking, 'tell' | 'tellText'> & {
  /** The run failed; `response.failed` follows. */
  readonly tellFailure: (error: GatewayError) => void;
};

/** A run that becomes a response. */
export type ResponseInMaking = {
  readonly begin: () => void;
  readonly take: (event: RunEvent) => void;
  readonly fail: (error: GatewayError) => void;
  /** As it is until its end. */
  readonly now: () => ResponseResource;
};

/**
 * Makes a response of what a run says, and tells each step as an event of the Responses API: in order, the last one
 * `response.completed`, `response.incomplete` or `response.failed`. Tools that the agent runs never appear as
 * `function_call` items, which clients would try to run themselves.
 */
export function createResponse(options: ResponseOptions, teller: ResponseTeller): ResponseInMaking {
  const { head, room } = options;
  const { tell, tellText } = teller;
  const resourceOf = createResource(head);
  const items: OutputItem[] = [];
  const suffix = head.id.replace(/^resp_/, '');
  const output = createOutputItems({ suffix, items, room, tell, tellText });
  const take = createTaker({ options, teller, items, output, tellEnd });

  function tellEnd(state: Omit<ResponseState, 'output'>, ended: Ended = {}): void {
    const response = resourceOf({ ...state, output: items });
    const { added, said = items.length, waits } = ended;
    const kept = [
      ...toKeptItems(items.slice(0, said), suffix, added),
      ...(waits ? waitingItems(waits, { suffix, firstAt: firstCallIn(items) }) : []),
    ];
    const answer = head.isKept ? JSON.stringify(response) : '';
    options.onAnswer({ id: head.id, status: state.status, output: kept, answer });
    // There is no event of its own for one that was cancelled.
    tell(`response.${state.status === 'cancelled' ? 'failed' : state.status}`, { response });
  }

  let hasBegun = false;
  function now(): ResponseResource {
    const status = hasBegun || head.request.background !== true ? 'in_progress' : 'queued';
    return resourceOf({ status, output: items });
  }

  return {
    begin() {
      const response = now();
      tell('response.created', { response });
      if (response.status === 'queued') tell('response.queued', { response });
      hasBegun = true;
      tell('response.in_progress', { response: now() });
    },
    now,
    ...take,
  };
}

function firstCallIn(items: readonly OutputItem[]): number {
  return Math.max(
    0,
    items.findIndex(({ type }) => type === 'function_call'),
  );
}

/** What comes of a run beside its response. */
type Ended = {
  /** What it added to the conversation. */
  readonly added?: readonly InputItem[] | undefined;
  /** How many of the items it said itself. Default: all. */
  readonly said?: number;
  readonly waits?: Interrupted;
};

type Taking = {
  readonly options: ResponseOptions;
  readonly teller: ResponseTeller;
  readonly items: OutputItem[];
  readonly output: OutputItems;
  readonly tellEnd: (state: Omit<ResponseState, 'output'>, ended?: Ended) => void;
};

function createTaker(taking: Taking): Pick<ResponseInMaking, 'take' | 'fail'> {
  const { output, options, teller, tellEnd } = taking;
  const { toolEvents } = options.presentation;
  let ranTool = false;

  function fail(error: GatewayError): void {
    output.close('incomplete');
    teller.tellFailure(error);
    const code = failures[error.code].wireCode ?? error.code;
    const isCancelled = error.code === 'run_cancelled';
    if (isCancelled && options.head.request.background === true) tellEnd({ status: 'cancelled' });
    else tellEnd({ status: 'failed', error: { code, message: error.message } });
  }

  return {
    take(event) {
      switch (event.type) {
        case 'text':
          if (event.delta !== '') output.text(event.delta);
          return;
        case 'reasoning':
          if (toolEvents !== 'off' && event.delta !== '') output.reasoning(event.delta);
          return;
        case 'tool_started':
          ranTool = true;
          return showActivity(event, output, toolEvents);
        case 'tool_ended':
        case 'handed_off':
          return showActivity(event, output, toolEvents);
        case 'finished':
          return isBlockedAsError(event, options)
            ? fail(guardrailBlocked())
            : finish(event, taking);
        case 'failed':
          return fail(runFailure(event, { ranTool }));
        case 'interrupted':
          return wait(event, taking) ? undefined : fail(approvalUnsupported());
        default:
          return event satisfies never;
      }
    },
    fail,
  };
}

function showActivity(event: Activity, output: OutputItems, mode: ToolEventsMode): void {
  if (mode === 'off') return;
  const line = activityLine(event);
  if (mode === 'reasoning') {
    if (line !== '') output.line(line);
  } else if (event.type === 'tool_started') output.toolStarted(event);
  else if (event.type === 'tool_ended') output.toolEnded(event, line);
}

type Finished = Extract<RunEvent, { type: 'finished' }>;

function isBlockedAsError({ reason }: Finished, { presentation }: ResponseOptions): boolean {
  return reason === 'content_filter' && presentation.guardrailResponse === 'error';
}

function finish({ reason, usage, blockedBy, items: added }: Finished, taking: Taking): void {
  const { items, output, options, tellEnd } = taking;
  const isBlocked = reason === 'content_filter';
  if (isBlocked && options.isWhole && blockedBy !== undefined) {
    output.close('incomplete');
    items.splice(0, items.length, ...items.filter(({ type }) => type !== 'message'));
  }
  if (isBlocked && !items.some(({ type }) => type === 'message')) output.text(safeAnswer);
  output.close(reason === 'stop' ? 'completed' : 'incomplete');
  if (reason === 'stop') tellEnd({ status: 'completed', usage }, { added });
  else {
    const incompleteReason = isBlocked ? 'content_filter' : 'max_output_tokens';
    tellEnd({ status: 'incomplete', incompleteReason, usage });
  }
}

/** Tells what a run waits for. @returns False where nobody can be asked. */
function wait(event: Interrupted, { items, output, options, tellEnd }: Taking): boolean {
  const asked = askedCalls(event);
  if (!asked) return false;
  output.close('completed');
  const said = items.length;
  const { waitingRunId, asksInText } = options;
  // Whoever cannot answer a request is told who can.
  const inText = asked.filter((call) => asksInText || call.asked.code === null);
  if (inText.length > 0) output.text(waitingText({ asked: inText, isFirst: true, waitingRunId }));
  output.close('completed');
  for (const call of asked) if (!inText.includes(call)) output.request(call);
  for (const call of event.clientCalls ?? []) output.call(call);
  tellEnd({ status: 'completed', usage: event.usage }, { added: event.items, said, waits: event });
  return true;
}
