import type { UpstreamApi } from '../../protocol/records.ts';
import type { Usage } from '../../protocol/run.ts';
import { createEventSplitter, type StreamEvent } from './answer-events.ts';
import { readUsage } from './read-usage.ts';

/** Longest whole answer that is held to find its count; a longer one counts as one that has none. */
const MAX_WHOLE_LENGTH = 32 * 1024 * 1024;
/** About what of a delta's event is not the delta. */
const ENVELOPE_LENGTH = 400;
const BYTES_PER_TOKEN = 4;

/** What an answer is, as far as it says where its count stands. */
export type AnswerForm = {
  /** `other` passes by unread. */
  readonly type: 'events' | 'json' | 'other';
  /** Set for a model call. */
  readonly api: UpstreamApi | null;
};

export type AnswerMeter = {
  /** Takes the next piece of an answer (as latin1), cut anywhere. */
  read(piece: string): void;
  /** The last usage told so far, or null. Counts of a stream are cumulative. To be asked for when no more comes. */
  usage(): Usage | null;
  /** Whether a stream's own end came. To be asked for when no more comes. */
  hasEnded(): boolean;
  /** Tokens that came so far, counted by the way: an event is one at least. */
  outputEstimate(): number;
};

/**
 * Finds the count of an answer at its place: the top of a whole answer or of a chat chunk, the response of the event
 * that ends a stream of the Responses API. What stands anywhere else (a schema or text that the upstream echoes) is
 * never taken for it. Only those events are parsed that can hold it or be the end.
 */
export function createAnswerMeter(form: AnswerForm): AnswerMeter {
  if (form.type === 'events') return eventsMeter(form.api);
  return form.type === 'json' ? wholeMeter() : lengthMeter();
}

function eventsMeter(api: UpstreamApi | null): AnswerMeter {
  let last: Usage | null = null;
  let hasEnded = false;
  let output = 0;
  const place = placeOf(api);
  const splitter = createEventSplitter((event) => {
    output += outputOf(event.data, api);
    if (event.data === '[DONE]' || event.name === 'error') hasEnded = true;
    else if (place.mayHold(event)) {
      const told = place.read(parseObject(event.data), event.name);
      last = told.usage ?? last;
      hasEnded ||= told.isEnd;
    }
  });
  return {
    read: (piece) => splitter.read(piece),
    usage() {
      splitter.end();
      return last;
    },
    hasEnded() {
      splitter.end();
      return hasEnded;
    },
    outputEstimate: () => output,
  };
}

function wholeMeter(): AnswerMeter {
  let text = '';
  let length = 0;
  return {
    ...lengthMeter(),
    read(piece) {
      length += piece.length;
      text = length > MAX_WHOLE_LENGTH ? '' : text + piece;
    },
    usage: () => readUsage(parseObject(text).usage),
    outputEstimate: () => Math.ceil(length / BYTES_PER_TOKEN),
  };
}

function lengthMeter(): AnswerMeter {
  let length = 0;
  return {
    read(piece) {
      length += piece.length;
    },
    usage: () => null,
    hasEnded: () => true,
    outputEstimate: () => Math.ceil(length / BYTES_PER_TOKEN),
  };
}

/** Where a stream says what it cost and that it ended. */
type Place = {
  /** Cheap, on the text: quotes inside a JSON string are escaped, so what fits is a key or a whole value. */
  readonly mayHold: (event: StreamEvent) => boolean;
  /** Certain, on the parsed event. */
  readonly read: (event: JsonObject, name: string) => Told;
};

type Told = { readonly usage: Usage | null; readonly isEnd: boolean };

type JsonObject = Readonly<Record<string, unknown>>;

const RESPONSE_END = /^response\.(?:completed|incomplete|failed|cancelled)$/;
const MAY_END_RESPONSE =
  /"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed|cancelled)|error)"|"error"\s*:\s*[{"]/;
const MAY_END_CHAT = /"usage"\s*:\s*\{|"finish_reason"\s*:\s*"|"error"\s*:\s*[{"]/;

const responsesPlace: Place = {
  mayHold: ({ name, data }) => MAY_END_RESPONSE.test(data) || RESPONSE_END.test(name),
  read(event, name) {
    const type = typeof event.type === 'string' ? event.type : name;
    const isLast = RESPONSE_END.test(type);
    const isEnd = isLast || type === 'error' || isError(event.error);
    return { usage: isLast ? readUsage(asObject(event.response).usage) : null, isEnd };
  },
};

const chatPlace: Place = {
  mayHold: ({ data }) => MAY_END_CHAT.test(data),
  read: (event) => ({
    usage: readUsage(event.usage),
    isEnd: isError(event.error) || hasFinishedChoice(event.choices),
  }),
};

function placeOf(api: UpstreamApi | null): Place {
  return api === 'responses' ? responsesPlace : chatPlace;
}

function hasFinishedChoice(choices: unknown): boolean {
  return (
    Array.isArray(choices) &&
    choices.some((choice) => typeof asObject(choice).finish_reason === 'string')
  );
}

function isError(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'string';
}

/** An upstream that sends much at once does not send one token an event. */
function outputOf(data: string, api: UpstreamApi | null): number {
  const isDelta = api !== 'responses' || data.includes('.delta"');
  const tokens = isDelta ? Math.ceil((data.length - ENVELOPE_LENGTH) / BYTES_PER_TOKEN) : 1;
  return Math.max(1, tokens);
}

function parseObject(json: string): JsonObject {
  try {
    return asObject(JSON.parse(json));
  } catch {
    return {};
  }
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}
