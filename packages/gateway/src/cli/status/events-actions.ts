import type { z } from 'zod';
import { eventsAnswer } from '../../protocol/admin/events-answer.ts';
import type { Inferred } from '../../protocol/inferred.ts';
import { knownAgentId } from '../agents/find-agent.ts';
import { connectGateway, readStream } from '../agents/gateway-client.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { shownDuration } from '../runs/waterfall.ts';
import { count } from '../text-layout.ts';

type Told = Inferred<typeof eventsAnswer>;

export type EventOptions = {
  readonly types?: readonly string[];
  readonly agent?: string;
  readonly json?: true;
};

/** `dropgate events`: what happens, a line each, until it is stopped or the gateway stops. */
export async function followEvents(
  context: CommandContext,
  { types, agent, json }: EventOptions,
): Promise<number> {
  const { projectRoot, terminal } = context;
  const stop = new AbortController();
  void context.untilStopped().then(() => stop.abort());
  const agentId =
    agent === undefined ? undefined : await knownAgentId(await connectGateway(projectRoot), agent);
  const pieces = readStream(projectRoot, {
    path: '/admin/events',
    query: { types: types?.join(','), agent: agentId },
    signal: stop.signal,
  });
  for await (const data of dataIn(pieces)) {
    if (json) terminal.line(data);
    else showEvent(context, data);
  }
  return exitCodes.done;
}

/** The `data` of each server-sent event. */
async function* dataIn(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const piece of pieces) {
    const events = (text + piece).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield data;
    }
  }
}

function showEvent({ terminal }: CommandContext, data: string): void {
  const { success, data: told } = eventsAnswer.safeParse(JSON.parse(data));
  // A newer gateway may tell of more.
  if (!success) terminal.line(data);
  else if ('at' in told) {
    terminal.line([told.at.slice(11, 23), told.type.padEnd(17), wordsOf(told)].join('  '));
  } else terminal.note(noteOn(told));
}

function noteOn(told: Exclude<Told, { at: string }>): string {
  switch (told.type) {
    case 'hello':
      return told.missed
        ? 'Some events are missing here: they came faster than they were read.'
        : 'Following what happens; Ctrl-C ends it.';
    case 'skipped':
      return `and ${count(told.count, 'more event')} (${told.types.join(', ')})`;
    case 'ended':
      return `The gateway ended this (${told.reason}).`;
    default:
      return told satisfies never;
  }
}

/** What an event says, with the names of what it does not say by its place. */
function wordsOf({ type: _, at: __, ...fields }: Extract<Told, { at: string }>): string {
  const shown: Partial<Record<string, z.core.util.JSONType>> = fields;
  return Object.entries(shown)
    .flatMap(([name, value]) => {
      if (value === null || value === undefined) return [];
      if (name === 'duration_ms') return [shownDuration(Number(value))];
      return plain.has(name) ? [String(value)] : [`${name}=${value}`];
    })
    .join('  ');
}

/** Fields whose value says by itself what it is. */
const plain: ReadonlySet<string> = new Set([
  'agent_id',
  'run_id',
  'key_id',
  'approval_id',
  'change',
  'outcome',
  'tool',
  'action',
  'resource',
  'module_path',
]);
