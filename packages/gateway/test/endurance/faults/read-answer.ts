/** What an answer of chat completions or Responses says, whole or streamed. */
export type ReadAnswer = {
  readonly id: string;
  readonly text: string;
  /** Whether it has the end that its form promises. */
  readonly isWhole: boolean;
  readonly error: { readonly code: string | null } | null;
};

type Content = { readonly text?: string };
type Item = { readonly type?: string; readonly content?: readonly Content[] };
type Body = {
  readonly id?: string;
  readonly type?: string;
  readonly status?: string;
  readonly code?: string;
  readonly delta?: string;
  readonly error?: { readonly code: string | null } | null;
  readonly output?: readonly Item[];
  readonly response?: Body;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly message?: { readonly content?: string };
  }[];
};

/** Reads a body as it came; throws where it is no JSON. */
export function readAnswer(text: string): ReadAnswer {
  return text.startsWith('{') ? readWhole(JSON.parse(text)) : readStream(text);
}

function readWhole(body: Body): ReadAnswer {
  const { id = '', error = null, choices, output } = body;
  const text = choices ? (choices[0]?.message?.content ?? '') : textOf(output);
  return { id, text, error, isWhole: error !== null || id !== '' };
}

function readStream(text: string): ReadAnswer {
  // What comes behind the last end of a line was cut.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const data = lines.filter((line) => line.startsWith('data: {'));
  const events = data.map((line): Body => JSON.parse(line.slice(6)));
  const deltas = events.map(({ choices, type, delta }) =>
    type === 'response.output_text.delta' ? (delta ?? '') : (choices?.[0]?.delta?.content ?? ''),
  );
  const failed = events.find((event) => event.error || event.type === 'error');
  const code = failed?.error?.code ?? failed?.code ?? null;
  const [first] = events;
  return {
    id: first?.response?.id ?? first?.id ?? '',
    text: deltas.join(''),
    error: failed ? { code } : null,
    isWhole: text.trimEnd().endsWith('data: [DONE]'),
  };
}

function textOf(output: readonly Item[] = []): string {
  const messages = output.filter(({ type }) => type === 'message');
  return messages.map(({ content = [] }) => content.map((part) => part.text).join('')).join('');
}
