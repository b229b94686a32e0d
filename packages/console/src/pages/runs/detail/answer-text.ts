/** What is read of the bodies of both APIs, and of the events of their streams. */
type Body = {
  readonly output?: readonly {
    readonly type?: string;
    readonly content?: readonly { readonly text?: string }[];
  }[];
  readonly choices?: readonly {
    readonly message?: { readonly content?: string | null; readonly tool_calls?: unknown };
    readonly delta?: { readonly content?: string | null; readonly tool_calls?: unknown };
  }[];
  readonly response?: Body;
};

/** The text of a model's answer as it was recorded; the body itself where that holds calls of tools, which a text could not say. */
export function answerText(answer: string): string {
  const events = answer.startsWith('{') ? [answer] : dataOf(answer);
  const bodies = events.flatMap(parsed);
  // A stream of the Responses API ends with the whole response.
  const whole = bodies.findLast(({ response }) => response?.output !== undefined)?.response;
  if (whole) return textOf([whole]) ?? JSON.stringify(whole, null, 2);
  return textOf(bodies) ?? (bodies[0] && bodies.length === 1 ? laidOut(bodies[0]) : answer);
}

function dataOf(stream: string): string[] {
  return stream
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim());
}

function parsed(json: string): Body[] {
  try {
    return [JSON.parse(json) as Body];
  } catch {
    return [];
  }
}

/** Null where they hold more than text, or none. */
function textOf(bodies: readonly Body[]): string | null {
  const said: string[] = [];
  for (const { output = [], choices = [] } of bodies) {
    for (const item of output) {
      if (item.type === 'message') said.push(...(item.content ?? []).map(({ text = '' }) => text));
      else if (item.type !== 'reasoning') return null;
    }
    for (const { message, delta } of choices) {
      if (message?.tool_calls || delta?.tool_calls) return null;
      said.push(message?.content ?? delta?.content ?? '');
    }
  }
  const whole = said.join('');
  return whole === '' ? null : whole;
}

function laidOut(body: Body): string {
  return JSON.stringify(body, null, 2);
}
