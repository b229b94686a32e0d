import { type Answer, type Request, ways } from './ask.ts';
import { askResponse, askResponseStream } from './ask-responses.ts';
import type { TestGateway } from './harness.ts';

/** One way to ask an agent, and how what comes back is read. What is expected of an agent is the same for all of them. */
export type Way = {
  /** For titles: `whole in chat completions`. */
  readonly how: string;
  readonly format: string;
  readonly way: 'whole' | 'streamed';
  /** Rejects with an `APIError` of the client, also in the middle of a stream. */
  readonly ask: (gateway: TestGateway, request: Request) => Promise<Answer>;
  /** The tools and agents that an answer tells of, in order: `measure`, `→ Expert`. Null where such an answer tells of none. */
  readonly toolsOf: ((answer: Answer) => readonly string[]) | null;
  /** The status that the client knows of a failure that has this one. */
  readonly statusOf: (status: number) => number | undefined;
};

type Format = {
  readonly format: string;
  readonly ways: readonly Omit<Way, 'how' | 'format'>[];
};

const [whole, streamed] = ways;

const chatCompletions: Format = {
  format: 'chat completions',
  ways: [
    { ...whole, toolsOf: null, statusOf: (status) => status },
    { ...streamed, toolsOf: toldAsReasoning, statusOf: () => undefined },
  ],
};

const responses: Format = {
  format: 'responses',
  ways: [
    { way: 'whole', ask: askResponse, toolsOf: toldAsReasoning, statusOf: (status) => status },
    {
      way: 'streamed',
      ask: askResponseStream,
      toolsOf: toldAsReasoning,
      statusOf: () => undefined,
    },
  ],
};

/** Every format in which agents are served; a further one is a line here. */
const formats: readonly Format[] = [chatCompletions, responses];

/** Each of them, whole and streamed. */
export const allWays: readonly Way[] = formats.flatMap(({ format, ways }) =>
  ways.map((one) => ({ ...one, format, how: `${one.way} in ${format}` })),
);

function toldAsReasoning({ reasoning }: Answer): string[] {
  const lines = reasoning.matchAll(/^(?:Calling (.+)|(Handing off to .+))…$/gm);
  return [...lines].map(([, tool, handoff = '']) => tool ?? handoff.replace('Handing off to', '→'));
}
