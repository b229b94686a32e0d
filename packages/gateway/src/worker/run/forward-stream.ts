import type { RunEvent } from '../../protocol/run.ts';
import { isHostedApproval } from '../approvals/interruption.ts';
import { fieldsOf, type SdkItem, type SdkStreamEvent, type SdkStreamedResult } from '../sdk.ts';
import type { ToolActivity } from './tool-activity.ts';

/** Why the model's last turn ended early; null where it did not. */
export type CutShort = 'length' | 'content_filter' | null;

export type ForwardDeps = {
  readonly transcript: Transcript;
  readonly activity: ToolActivity;
  readonly send: (event: RunEvent) => Promise<void> | void;
  /** Told whenever a turn of the model ends, so that it is known also after a failure. */
  readonly onTurnEnded: (cut: CutShort) => void;
  /** Told what each turn cost. */
  readonly onUsage: (usage: unknown) => void;
};

/** Reads a streamed run of the SDK to its end and forwards it: text, reasoning summaries, tools, handoffs. Throws what the run throws. */
export async function forwardStream(result: SdkStreamedResult, deps: ForwardDeps): Promise<void> {
  const release = deps.activity.hold();
  const forward = eventForwarder(deps);
  try {
    for await (const event of result) {
      const sent = forward(event);
      if (sent) await sent;
    }
    await result.completed;
  } finally {
    release();
  }
}

function eventForwarder({ transcript, activity, send, onTurnEnded, onUsage }: ForwardDeps) {
  let lastItemId: string | undefined;
  return (event: SdkStreamEvent): Promise<void> | void => {
    if (event.type === 'agent_updated_stream_event') {
      // A handoff whose input filter leaves out what is new has no item of its own.
      activity.reachAgent(String(fieldsOf(event.agent).name ?? ''));
      return undefined;
    }
    if (event.type === 'run_item_stream_event') return forwardItem(event.item, { activity, send });
    if (event.type !== 'raw_model_stream_event') return undefined;
    const { data } = event;
    switch (data.type) {
      case 'output_text_delta':
        if (data.itemId !== lastItemId) transcript.breakMessage();
        lastItemId = data.itemId;
        return transcript.write(data.delta ?? '');
      case 'response_done':
        onUsage(data.response?.usage);
        transcript.breakMessage();
        return undefined;
      case 'model':
        return forwardModelEvent(fieldsOf(data.event), { send, onTurnEnded });
      default:
        return undefined;
    }
  };
}

/** Each token comes twice, once in the provider's form; only what has no other form is taken from there. */
function forwardModelEvent(
  event: Readonly<Record<string, unknown>>,
  { send, onTurnEnded }: Pick<ForwardDeps, 'send' | 'onTurnEnded'>,
): Promise<void> | void {
  const type = event.type;
  if (type === undefined) {
    const [choice] = Array.isArray(event.choices) ? event.choices : [];
    const reason: unknown = choice?.finish_reason;
    if (reason) onTurnEnded(cutShort(reason));
  } else if (type === 'response.reasoning_summary_text.delta') {
    return send({ type: 'reasoning', delta: String(event.delta ?? '') });
  } else if (type === 'response.reasoning_summary_part.added') {
    return event.summary_index ? send({ type: 'reasoning', delta: '\n\n' }) : undefined;
  } else if (type === 'response.completed') {
    onTurnEnded(null);
  } else if (type === 'response.incomplete') {
    const details = fieldsOf(event.response).incomplete_details;
    onTurnEnded(cutShort(fieldsOf(details).reason));
  }
  return undefined;
}

/** What OpenAI's APIs, either of them, call the end of a turn. */
export function cutShort(reason: unknown): CutShort {
  if (reason === 'length' || reason === 'max_output_tokens') return 'length';
  return reason === 'content_filter' ? 'content_filter' : null;
}

function forwardItem(
  item: SdkItem,
  { activity, send }: Pick<ForwardDeps, 'activity' | 'send'>,
): Promise<void> | void {
  if (item.type === 'handoff_output_item') {
    const { sourceAgent, targetAgent } = item as Readonly<Record<string, unknown>>;
    const [fromAgent, toAgent] = [sourceAgent, targetAgent].map((agent) =>
      String(fieldsOf(agent).name ?? ''),
    ) as [string, string];
    return activity.reachAgent(toAgent)
      ? undefined
      : send({ type: 'handed_off', fromAgent, toAgent });
  }
  if (item.type === 'tool_call_item') reportToolCall(item, activity);
  return undefined;
}

/** A hosted tool has run upstream before anything is known of it: both its events come at once. */
export function reportToolCall(item: SdkItem, activity: ToolActivity): void {
  const callId = item.rawItem?.callId ?? item.rawItem?.id ?? '';
  activity.reach(callId);
  if (item.rawItem?.type !== 'hosted_tool_call' || isHostedApproval(item.rawItem)) return;
  const tool = item.rawItem.name ?? 'hosted_tool';
  activity.started({ callId, tool, agent: item.agent?.name ?? '', provenance: 'hosted' });
  activity.ended(callId, undefined);
}

/** The text of one run as it is told to the caller: messages with a blank line between them. */
export type Transcript = {
  /** What is written next belongs to another message. */
  breakMessage(): void;
  write(delta: string): Promise<void> | void;
  /** Texts of the messages so far; none is empty. */
  readonly messages: readonly string[];
};

/** Makes an empty transcript. `send` gets every delta, the blank lines included; its promise is handed on. */
export function createTranscript(send: (delta: string) => Promise<void> | void): Transcript {
  const messages: string[] = [];
  let broken = true;
  return {
    messages,
    breakMessage() {
      broken = true;
    },
    write(delta) {
      if (delta === '') return undefined;
      if (!broken) {
        messages[messages.length - 1] += delta;
        return send(delta);
      }
      broken = false;
      messages.push(delta);
      return send(messages.length > 1 ? `\n\n${delta}` : delta);
    },
  };
}
