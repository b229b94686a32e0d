import type { EventOf } from '../../events.ts';
import type { UpstreamEvent } from '../../protocol/events/upstream-events.ts';
import { entry, type LogEntry } from './log-line.ts';

/** What the log says of an upstream. */
export function upstreamEntry(event: UpstreamEvent): LogEntry {
  switch (event.type) {
    case 'upstream_chosen':
      return chosenEntry(event);
    case 'upstream_misplaced':
      return misplacedEntry(event);
    case 'upstream_cooling':
      return coolingEntry(event);
    case 'upstream_recovered':
      return entry('info', `upstream ${event.upstream} answers again`, () => ({
        upstream: event.upstream,
        after_ms: Math.round(event.afterMs),
      }));
    case 'model_retiring':
      return retiringEntry(event);
    default:
      return event satisfies never;
  }
}

function chosenEntry({ upstream, api, baseUrl, hasKey }: EventOf<'upstream_chosen'>): LogEntry {
  const place = baseUrl === null ? '' : ` at ${baseUrl}`;
  const key = baseUrl === null || hasKey ? '' : ', without a key';
  return entry('info', `model calls go to ${upstream} (${api})${place}${key} from now on`, () => ({
    upstream,
  }));
}

function misplacedEntry({ upstream, baseUrl, better }: EventOf<'upstream_misplaced'>): LogEntry {
  return entry('error', `upstream ${upstream} answers 404 to everything at ${baseUrl}`, () => ({
    upstream,
    hint:
      better === null
        ? 'Correct its base_url (OPENAI_BASE_URL where there is no gateway.yaml): it mostly ends in /v1.'
        : `Its API is at ${better}: write that as base_url, or OPENAI_BASE_URL where there is no gateway.yaml.`,
  }));
}

function coolingEntry(event: EventOf<'upstream_cooling'>): LogEntry {
  const { upstream, baseUrl, failures, error, restMs, fallback } = event;
  const text = `upstream ${upstream} failed ${failures} calls in a row and is left alone for ${Math.ceil(restMs / 1000)} s`;
  return entry('error', text, () => ({
    upstream,
    error,
    fallback: fallback ?? undefined,
    hint:
      fallback === null
        ? `Its calls fail at once until it answers again: look at ${baseUrl}, or name a fallback for it.`
        : `Its calls go to ${fallback} until it answers again: look at ${baseUrl}.`,
  }));
}

function retiringEntry(event: EventOf<'model_retiring'>): LogEntry {
  const { upstream, model, endsOn, daysLeft, agents, keys } = event;
  const end = daysLeft < 0 ? 'ended' : 'ends';
  return entry('warn', `model ${model} of ${upstream} ${end} on ${endsOn}`, () => ({
    upstream,
    days_left: daysLeft,
    agents: agents.join(', '),
    keys: keys.join(', '),
    hint: `Name another model in these agents, or an alias for ${model} in upstreams.${upstream}.model_aliases.`,
  }));
}
