import type { GatewayError } from '../../errors.ts';
import type { Role } from '../../protocol/policy.ts';
import type { RunEvent } from '../../protocol/run.ts';
import type { Presentation } from '../../runs/run.ts';
import { errorBody } from '../error-response.ts';
import type { StreamFormat } from '../event-stream.ts';
import { type Activity, activityExtension, activityLine, activityStatus } from './activity-line.ts';
import type { HeldAnswer } from './answer-room.ts';
import { askedCalls, askedExtension, type Interrupted } from './approvals/asked-calls.ts';
import { waitingText } from './approvals/waiting-text.ts';
import { type ChatHead, chatToolCalls, chatUsage, type OnSaid } from './chat.ts';
import { approvalUnsupported, guardrailBlocked, runFailure, safeAnswer } from './run-failure.ts';

export type ChatStreamOptions = {
  readonly presentation: Presentation;
  readonly includeUsage: boolean;
  /** The run that waits, where one does. */
  readonly waitingRunId: string;
  /** Of who asks: decides how much of a failure is shown. */
  readonly role: Role;
};

const done = 'data: [DONE]\n\n';

/**
 * A run as `chat.completion.chunk` events. Tools that the agent runs never appear as `tool_calls`, which clients would
 * try to run themselves, nor as events of their own, which some clients choke on.
 */
export function createChatStream(head: ChatHead, options: ChatStreamOptions): StreamFormat {
  const chunk = chunkWriter(head, options.includeUsage);
  const { toolEvents } = options.presentation;
  const fail = (error: GatewayError) =>
    `data: ${JSON.stringify(errorBody(error, options.role))}\n\n${done}`;
  let wroteText = false;
  let ranTool = false;
  let isMidLine = false;

  function reasoning(text: string): string {
    isMidLine = !text.endsWith('\n');
    return chunk.delta({ reasoning_content: text });
  }

  function activity(event: Activity): string {
    if (toolEvents === 'off') return '';
    if (toolEvents !== 'reasoning') return chunk.extension(fieldsOf(event, toolEvents));
    const line = activityLine(event);
    return line === '' ? '' : reasoning(`${isMidLine ? '\n' : ''}${line}\n`);
  }

  function finish(event: Extract<RunEvent, { type: 'finished' }>): string {
    const isBlocked = event.reason === 'content_filter';
    if (isBlocked && options.presentation.guardrailResponse === 'error') {
      return fail(guardrailBlocked());
    }
    const answer = isBlocked && !wroteText ? chunk.delta({ content: safeAnswer }) : '';
    return `${answer}${chunk.finish(event.reason)}${chunk.usage(chatUsage(event.usage))}${done}`;
  }

  function encode(event: RunEvent): string {
    switch (event.type) {
      case 'text':
        if (event.delta === '') return '';
        wroteText = true;
        return chunk.text(event.delta);
      case 'reasoning':
        return toolEvents === 'off' || event.delta === '' ? '' : reasoning(event.delta);
      case 'tool_started':
        ranTool = true;
        return activity(event);
      case 'tool_ended':
      case 'handed_off':
        return activity(event);
      case 'finished':
        return finish(event);
      case 'failed':
        return fail(runFailure(event, { ranTool }));
      case 'interrupted':
        return waitingChunks(event, { chunk, options, wroteText }) ?? fail(approvalUnsupported());
      default:
        return event satisfies never;
    }
  }

  return { start: () => chunk.delta({ role: 'assistant', content: '' }), encode, fail };
}

type Writing = {
  readonly chunk: ReturnType<typeof chunkWriter>;
  readonly options: ChatStreamOptions;
  readonly wroteText: boolean;
};

/** The end of a run that waits; null where nobody can be asked. */
function waitingChunks(event: Interrupted, { chunk, options, wroteText }: Writing): string | null {
  const asked = askedCalls(event);
  if (!asked) return null;
  const { waitingRunId, presentation } = options;
  const content = waitingText({ asked, isFirst: !wroteText, waitingRunId });
  const calls = chatToolCalls(event).map((call, index) =>
    chunk.delta({ tool_calls: [{ index, ...call }] }),
  );
  const isTold = presentation.toolEvents === 'extension' && asked.length > 0;
  return [
    content === '' ? '' : chunk.text(content),
    isTold ? chunk.extension({ x_agent: askedExtension(asked, waitingRunId) }) : '',
    ...calls,
    chunk.finish(calls.length > 0 ? 'tool_calls' : 'stop'),
    chunk.usage(chatUsage(event.usage)),
    done,
  ].join('');
}

/** What says it beside an empty delta; Open WebUI looks for an event. */
function fieldsOf(event: Activity, mode: 'extension' | 'openwebui'): object {
  const extension = { x_agent: activityExtension(event) };
  return mode === 'openwebui' ? { ...extension, event: activityStatus(event) } : extension;
}

type Keeping = {
  readonly room: HeldAnswer;
  readonly presentation: Presentation;
  readonly waitingRunId: string;
  /** Told of the whole text that the caller sees, before its end is sent. */
  readonly onSaid: OnSaid;
};

/** A stream that is kept too: its text is held until its end. */
export function keepSaid(stream: StreamFormat, keeping: Keeping): StreamFormat {
  const { room, presentation, waitingRunId, onSaid } = keeping;
  let text = '';
  return {
    ...stream,
    encode(event) {
      if (event.type === 'text') {
        room.add(event.delta.length);
        text += event.delta;
      }
      const isBlocked = event.type === 'finished' && event.reason === 'content_filter';
      const isError = isBlocked && presentation.guardrailResponse === 'error';
      if (event.type === 'finished' && !isError) {
        onSaid(isBlocked && text === '' ? safeAnswer : text, event);
      }
      const asked = event.type === 'interrupted' ? askedCalls(event) : null;
      if (event.type === 'interrupted' && asked) {
        onSaid(text, event, waitingText({ asked, isFirst: text === '', waitingRunId }));
      }
      return stream.encode(event);
    },
  };
}

/** Writes chunks by putting text together: per delta, only the delta itself is serialised. */
function chunkWriter({ id, model, createdSeconds }: ChatHead, includeUsage: boolean) {
  const head = JSON.stringify({
    id,
    object: 'chat.completion.chunk',
    created: createdSeconds,
    model,
  }).slice(0, -1);
  const before = `data: ${head},"choices":[{"index":0,"delta":`;
  const emptyUsage = includeUsage ? ',"usage":null' : '';
  const afterDelta = `,"finish_reason":null}]${emptyUsage}}\n\n`;
  return {
    text: (delta: string) => `${before}{"content":${JSON.stringify(delta)}}${afterDelta}`,
    delta: (delta: object) => `${before}${JSON.stringify(delta)}${afterDelta}`,
    finish: (reason: string) => `${before}{},"finish_reason":"${reason}"}]${emptyUsage}}\n\n`,
    usage: (usage: object) =>
      includeUsage ? `data: ${head},"choices":[],"usage":${JSON.stringify(usage)}}\n\n` : '',
    extension: (fields: object) =>
      `${before}{},"finish_reason":null}]${emptyUsage},${JSON.stringify(fields).slice(1)}\n\n`,
  };
}
