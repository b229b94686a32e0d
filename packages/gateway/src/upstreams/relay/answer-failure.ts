/** An object of an answer, unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** As much of what an upstream says of its failure as is kept for the log. */
const MAX_LENGTH = 2048;

/**
 * What a model call's event or whole answer says of a failure that its status hides and no client of OpenAI's API takes
 * for one: the answer would pass for an empty one, and the SDK ask again. Null for any other, also for an `error` that
 * clients raise themselves.
 */
export function failureIn(fields: JsonObject, eventName: string): string | null {
  if (isRaised(fields)) return null;
  const isAnswer = 'choices' in fields || 'output' in fields;
  const isFailure =
    eventName === 'error' ||
    fields.object === 'error' ||
    ('detail' in fields && !isAnswer) ||
    hasFailedChoice(fields.choices);
  return isFailure ? describe(fields.message ?? fields.detail) : null;
}

/** Whether clients of OpenAI's API raise what it says in a stream. */
export function isRaised({ error }: JsonObject): boolean {
  return (typeof error === 'object' && error !== null) || (typeof error === 'string' && !!error);
}

/** An object from its JSON; an empty one for anything else. */
export function parseObject(json: string): JsonObject {
  try {
    return asObject(JSON.parse(json));
  } catch {
    return {};
  }
}

/** The value where it is an object, an empty one otherwise. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function hasFailedChoice(choices: unknown): boolean {
  return Array.isArray(choices) && choices.some((one) => asObject(one).finish_reason === 'error');
}

function describe(said: unknown): string {
  if (said === undefined) return 'failed inside an answer';
  const text = typeof said === 'string' ? said : asJson(said);
  return `failed inside an answer: ${text.slice(0, MAX_LENGTH)}`;
}

function asJson(said: unknown): string {
  try {
    return JSON.stringify(said);
  } catch {
    return 'it is nested too deeply to be shown';
  }
}
