import type { RunEvent } from '../../protocol/run.ts';

/** Events that are no part of the answer, but say what the agent does meanwhile. */
export type Activity = Extract<RunEvent, { type: 'tool_started' | 'tool_ended' | 'handed_off' }>;

/** One line for a person; empty where there is nothing to say. Never arguments or results: they may be secret. */
export function activityLine(activity: Activity): string {
  switch (activity.type) {
    case 'tool_started':
      return `Calling ${activity.tool}…`;
    case 'tool_ended':
      return endLine(activity);
    case 'handed_off':
      return `Handing off to ${activity.toAgent}…`;
    default:
      return activity satisfies never;
  }
}

function endLine({ tool, outcome }: Extract<Activity, { type: 'tool_ended' }>): string {
  const said = {
    ok: '',
    denied: 'was denied.',
    failed: 'failed.',
    timeout: 'took too long.',
    aborted: 'was ended.',
  }[outcome];
  return said === '' ? '' : `${tool} ${said}`;
}

/** The same for a program: the value of `x_agent` in a chunk. */
export function activityExtension(activity: Activity): Readonly<Record<string, unknown>> {
  switch (activity.type) {
    case 'tool_started':
      return tool(activity);
    case 'tool_ended':
      return {
        ...tool(activity),
        outcome: activity.outcome,
        duration_ms: Math.round(activity.durationMs),
      };
    case 'handed_off':
      return { type: activity.type, agent: activity.toAgent, from_agent: activity.fromAgent };
    default:
      return activity satisfies never;
  }
}

/** The same for Open WebUI, which shows it above the answer: the value of `event` in a chunk. */
export function activityStatus(activity: Activity): Readonly<Record<string, unknown>> {
  const line = activityLine(activity);
  const isOpen = activity.type === 'tool_started';
  const description = line === '' && 'tool' in activity ? `${activity.tool} is done.` : line;
  return { type: 'status', data: { description, done: !isOpen } };
}

function tool({ type, tool: name, callId, agent, provenance }: Exclude<Activity, HandedOff>) {
  return { type, name, call_id: callId, agent, provenance };
}

type HandedOff = { readonly type: 'handed_off' };
