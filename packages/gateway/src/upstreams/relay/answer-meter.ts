import type { UpstreamApi } from '../../protocol/records.ts';
import type { Usage } from '../../protocol/run.ts';
import { createEventSplitter, type StreamEvent } from '../../protocol/text/server-events.ts';
import { asObject, failureIn, isRaised, type JsonObject, parseObject } from './answer-failure.ts';
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
  /** Takes the next piece of an answer, cut anywhere. */
  read(piece: Buffer): void;
  /** Bytes that are held because they may be the count. */
  heldLength(): number;
  /** Lets go of them: the answer, or its event, counts as one that has none. */
  forget(): void;
  /** The last usage told so far, or null. Counts of a stream are cumulative. To be asked for when no more comes. */
  usage(): Usage | null;
  /** The id of a response of the Responses API, by which a later call may name it; null where none is told. */
  answerId(): string | null;
  /** Whether a stream's own end came. To be asked for when no more comes. */
  hasEnded(): boolean;
  /** Tokens that came so far, counted by the way: an event is one at least. */
  outputEstimate(): number;
  /** What says that a model call failed, though its status says otherwise; null where nothing does so far. */
  failure(): string | null;
};

/**
 * Finds the count of an answer at its place: the top of a whole answer or of a chat chunk, the response of the event
 * that ends a stream of the Responses API. What stands anywhere else (a schema or text that the upstream echoes) is
 * never taken for it. Only those events are parsed that can hold it or be the end.
 */
export function createAnswerMeter(form: AnswerForm): AnswerMeter {
  if (form.type === 'events') return eventsMeter(form.api);
  return form.type === 'json' ? wholeMeter(form.api) : lengthMeter();
}

function eventsMeter(api: UpstreamApi | null): AnswerMeter {
  let last: Usage | null = null;
  let answerId: string | null = null;
  let hasEnded = false;
  let failure: string | null = null;
  let output = 0;
  const place = placeOf(api);
  const splitter = createEventSplitter((event) => {
    if (failure !== null) return;
    if (event.data === '[DONE]') {
      hasEnded ||= place.endsWithDone();
      return;
    }
    if (place.mayHold(event)) {
      const told = place.read(parseObject(event.data), event.name);
      failure = api === null ? null : told.failure;
      if (failure !== null) return;
      last = told.usage ?? last;
      answerId = told.answerId;
      hasEnded ||= told.isEnd;
    }
    output += outputOf(event.data, api);
  });
  return {
    // Of its bytes, as only what is plain ASCII is looked for.
    read: (piece) => splitter.read(piece.toString('latin1')),
    heldLength: () => splitter.heldLength(),
    forget: () => splitter.forget(),
    usage() {
      splitter.end();
      return last;
    },
    answerId: () => answerId,
    hasEnded() {
      splitter.end();
      return hasEnded && failure === null;
    },
    outputEstimate: () => output,
    failure: () => failure,
  };
}

function wholeMeter(api: UpstreamApi | null): AnswerMeter {
  let pieces: Buffer[] = [];
  let length = 0;
  let heldLength = 0;
  let isForgotten = false;
  let parsed: JsonObject | null = null;
  const text = () => Buffer.concat(pieces).toString('latin1');
  const fields = () => (parsed ??= parseObject(text()));
  const failure = () => (api === null ? null : failureIn(fields(), ''));
  // Spaces keep a connection alive while nothing is said.
  const isSilent = () => heldLength > 0 && text().trim() === '';
  const forget = () => {
    isForgotten = true;
    heldLength = 0;
    pieces = [];
  };
  return {
    ...lengthMeter(),
    read(piece) {
      length += piece.length;
      if (length > MAX_WHOLE_LENGTH) forget();
      if (isForgotten) return;
      pieces.push(piece);
      heldLength += piece.length;
    },
    heldLength: () => heldLength,
    forget,
    usage: () => readUsage(fields().usage),
    answerId: () => (api === 'responses' ? idOf(fields()) : null),
    outputEstimate: () =>
      failure() === null && !isSilent() ? Math.ceil(length / BYTES_PER_TOKEN) : 0,
    failure,
  };
}

function lengthMeter(): AnswerMeter {
  let length = 0;
  return {
    read(piece) {
      length += piece.length;
    },
    heldLength: () => 0,
    forget: () => {},
    usage: () => null,
    answerId: () => null,
    hasEnded: () => true,
    outputEstimate: () => Math.ceil(length / BYTES_PER_TOKEN),
    failure: () => null,
  };
}

/** Where a stream says what it cost, that it ended and that it failed. */
type Place = {
  /** Cheap, on the text: quotes inside a JSON string are escaped, so what fits is a key or a whole value. */
  readonly mayHold: (event: StreamEvent) => boolean;
  /** Certain, on the parsed event. */
  readonly read: (event: JsonObject, name: string) => Told;
  /** Whether `[DONE]` is an end here: of nothing it is none. */
  readonly endsWithDone: () => boolean;
};

type Told = {
  readonly usage: Usage | null;
  readonly answerId: string | null;
  readonly isEnd: boolean;
  readonly failure: string | null;
};

const RESPONSE_END = /^response\.(?:completed|incomplete|failed|cancelled)$/;
const MAY_FAIL = /"error"\s*:\s*[{"]|"object"\s*:\s*"error"|"detail"\s*:/;
const MAY_END_RESPONSE =
  /"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed|cancelled)|error)"/;
const MAY_END_CHAT = /"usage"\s*:\s*\{|"finish_reason"\s*:\s*"[^"]/;
const HAS_CHOICE = /"choices"\s*:\s*\[\s*\{/;

const responsesPlace: Place = {
  mayHold: ({ name, data }) =>
    MAY_END_RESPONSE.test(data) ||
    MAY_FAIL.test(data) ||
    RESPONSE_END.test(name) ||
    name === 'error',
  read(event, name) {
    const type = typeof event.type === 'string' ? event.type : name;
    const isLast = RESPONSE_END.test(type);
    return {
      usage: isLast ? readUsage(asObject(event.response).usage) : null,
      answerId: isLast ? idOf(asObject(event.response)) : null,
      isEnd: isLast || isRaised(event) || event.type === 'error',
      failure: event.type === undefined ? failureIn(event, name) : null,
    };
  },
  endsWithDone: () => false,
};

function chatPlace(): Place {
  let hasBegun = false;
  return {
    mayHold({ name, data }) {
      hasBegun ||= HAS_CHOICE.test(data);
      return MAY_END_CHAT.test(data) || MAY_FAIL.test(data) || name === 'error';
    },
    read: (event, name) => ({
      usage: readUsage(event.usage),
      answerId: null,
      isEnd: isRaised(event) || hasFinishedChoice(event.choices),
      failure: failureIn(event, name),
    }),
    endsWithDone: () => hasBegun,
  };
}

function placeOf(api: UpstreamApi | null): Place {
  return api === 'responses' ? responsesPlace : chatPlace();
}

function idOf({ id }: JsonObject): string | null {
  return typeof id === 'string' ? id : null;
}

/** Some servers send an empty reason with each chunk. */
function hasFinishedChoice(choices: unknown): boolean {
  const reasons = Array.isArray(choices) ? choices.map((one) => asObject(one).finish_reason) : [];
  return reasons.some((reason) => typeof reason === 'string' && reason !== '');
}

/** An upstream that sends much at once does not send one token an event. */
function outputOf(data: string, api: UpstreamApi | null): number {
  const isDelta = api !== 'responses' || data.includes('.delta"');
  const tokens = isDelta ? Math.ceil((data.length - ENVELOPE_LENGTH) / BYTES_PER_TOKEN) : 1;
  return Math.max(1, tokens);
}
