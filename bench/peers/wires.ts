/** A request of a run. Of several, all but the last prepare it. */
export type Exchange = {
  /** Default `POST`. */
  readonly method?: 'GET';
  /** `{session}` is the `sessionId` of the answer before. */
  readonly path: string;
  /** Added to the port of the peer, where it has one for each agent. */
  readonly portAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the answer ends with, where the peer leaves it open. */
  readonly until?: string;
};

/** Which agent answers: the one with a tool, whole; or the one without, streamed, and with a pause before each delta. */
export type Kind = 'whole' | 'streamed' | 'paced';

/** What has to be sent for one run, in order. `run` is another text for each. */
export type Wire = (kind: Kind, run: string) => readonly Exchange[];

const question = 'What is the weather in Paris?';
/** The upstream takes it from its last word. */
const questionOf = (kind: Kind) => (kind === 'paced' ? `${question} Answer steadily.` : question);
const isStreamed = (kind: Kind) => kind !== 'whole';
const agentOf = (kind: Kind) => (kind === 'whole' ? 'bench' : 'words');
const json = { 'content-type': 'application/json' };

/** Chat completions, with a prefix before the names of the agents. */
export function chatWire(prefix = '', headers: Readonly<Record<string, string>> = {}): Wire {
  return (kind) => {
    const messages = [{ role: 'user', content: questionOf(kind) }];
    const body = { model: `${prefix}${agentOf(kind)}`, stream: isStreamed(kind), messages };
    return [
      {
        path: '/v1/chat/completions',
        headers: { ...json, ...headers },
        body: JSON.stringify(body),
      },
    ];
  };
}

/** Of both ADKs: each run is in a session, which has to be made before. */
export const adkWire: Wire = (kind, run) => {
  const app = agentOf(kind);
  const newMessage = { role: 'user', parts: [{ text: questionOf(kind) }] };
  const asked = { appName: app, userId: 'user', sessionId: run, newMessage };
  return [
    { path: `/apps/${app}/users/user/sessions/${run}`, headers: json, body: '{}' },
    kind === 'whole'
      ? { path: '/run', headers: json, body: JSON.stringify(asked) }
      : { path: '/run_sse', headers: json, body: JSON.stringify({ ...asked, streaming: true }) },
  ];
};

/** Of eve: a session is made with its first message, then its events are read until its turn ends, whole or not. */
export const eveWire: Wire = (kind) => {
  const portAfter = kind === 'whole' ? 0 : 1;
  return [
    {
      path: '/eve/v1/session',
      portAfter,
      headers: json,
      body: JSON.stringify({ message: questionOf(kind) }),
    },
    {
      method: 'GET',
      path: '/eve/v1/session/{session}/stream',
      portAfter,
      until: '"type":"session.waiting"',
    },
  ];
};

/** `POST /agents/<name>/text` and `/stream`. */
export const voltAgentWire: Wire = (kind) => [
  {
    path: `/agents/${agentOf(kind)}/${kind === 'whole' ? 'text' : 'stream'}`,
    headers: json,
    body: JSON.stringify({ input: questionOf(kind) }),
  },
];

/** `POST /api/agents/<name>/generate` and `/stream`. */
export const mastraWire: Wire = (kind) => [
  {
    path: `/api/agents/${agentOf(kind)}/${kind === 'whole' ? 'generate' : 'stream'}`,
    headers: json,
    body: JSON.stringify({ messages: [{ role: 'user', content: questionOf(kind) }] }),
  },
];

/** `POST /agents/<name>/runs`, a form. */
export const agnoWire: Wire = (kind, run) => [
  {
    path: `/agents/${agentOf(kind)}/runs`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      message: questionOf(kind),
      stream: String(isStreamed(kind)),
      session_id: run,
    }).toString(),
  },
];
