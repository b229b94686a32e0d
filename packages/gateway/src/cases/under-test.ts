import type { AgentStatus } from '../protocol/admin/agents-answer.ts';
import type {
  MadeCall,
  PlayedWritten,
  RunTest,
  TestDifference,
} from '../protocol/admin/run-test.ts';
import type { WrittenTest } from '../protocol/admin/written-test.ts';
import type { Usage } from '../protocol/run.ts';
import { type CaseFile, findCases } from './case-files.ts';

/** An agent that tests ask. */
export type TestAgent = {
  readonly id: string;
  /**
   * Runs it on a message, or on a conversation, as a caller would; its tools run. Rejects where the run fails, and where the
   * model is asked more or less often than `model` has answers.
   */
  readonly ask: (
    messages: string | WrittenTest['messages'],
    options?: AskOptions,
  ) => Promise<TestAnswer>;
  /** The cases beside it, as tests. */
  readonly cases: () => Promise<TestCase[]>;
};

export type AskOptions = {
  /** What the model answers, call by call; absent, its upstream is asked, or the demo model where there is none. */
  readonly model?: NonNullable<WrittenTest['model']>;
  /** Asks for the answer as it comes. */
  readonly streamed?: boolean;
  readonly signal?: AbortSignal;
};

export type TestAnswer = {
  /** `blocked` by a guardrail, `interrupted` for an approval. */
  readonly outcome: 'finished' | 'blocked' | 'interrupted';
  readonly text: string;
  /** In the order in which they began. */
  readonly toolCalls: readonly MadeCall[];
  /** Of all model calls; nothing of those that a test answered. */
  readonly usage: Usage;
};

/** A case of a `tests` folder. */
export type TestCase = {
  readonly agentId: string;
  /** Agent and file. */
  readonly title: string;
  /** Rejects with CaseFailed where the agent does something else, and with a CaseError where the file is no case. */
  readonly run: (signal?: AbortSignal) => Promise<void>;
};

/** An agent did something else than a case has; `message` shows it. */
export class CaseFailed extends Error {
  override readonly name = 'CaseFailed';
  readonly difference: TestDifference;

  constructor(file: string, difference: TestDifference) {
    const { place, message, changes } = difference;
    const shown = changes.flatMap(({ path, recorded, replayed }) =>
      [path, `- ${JSON.stringify(recorded)}`, `+ ${JSON.stringify(replayed)}`].filter(Boolean),
    );
    super([`${file}: ${place === null ? '' : `${place}: `}${message}`, ...shown].join('\n'));
    this.difference = difference;
  }
}

/** What runs agents, of which `agents` are those that there are. */
export type RunsAgents = {
  readonly agents: () => readonly AgentStatus[];
  readonly playTest: (
    agentId: string,
    test: RunTest,
    signal: AbortSignal,
  ) => Promise<{ readonly difference: TestDifference | null }>;
  readonly playWritten: (
    agentId: string,
    test: WrittenTest,
    signal: AbortSignal,
  ) => Promise<PlayedWritten>;
};

/** Agents of a gateway as tests use them. */
export function createAgentsUnderTest(gateway: RunsAgents, projectRoot: string) {
  const casesOf = async (agents: readonly AgentStatus[]) =>
    (await findCases(projectRoot, agents)).map((file) => toTestCase(gateway, file));
  return {
    agent(named: string): TestAgent {
      const agent = findAgent(gateway.agents(), named);
      return {
        id: agent.id,
        ask: (messages, options = {}) => ask(gateway, agent.id, toTest(messages, options)),
        cases: () => casesOf([agent]),
      };

      function toTest(messages: string | WrittenTest['messages'], options: AskOptions): Asked {
        const { model, streamed = false, signal = new AbortController().signal } = options;
        const list =
          typeof messages === 'string' ? [{ role: 'user' as const, content: messages }] : messages;
        const test = { messages: list, streamed, expect: {}, ...(model && { model }) };
        return { test, signal };
      }
    },
    cases: () => casesOf(gateway.agents()),
  };
}

type Asked = { readonly test: WrittenTest; readonly signal: AbortSignal };

async function ask(
  { playWritten }: RunsAgents,
  agentId: string,
  { test, signal }: Asked,
): Promise<TestAnswer> {
  const { outcome, text, difference, tools, usage } = await playWritten(agentId, test, signal);
  if (outcome === 'finished' || outcome === 'blocked' || outcome === 'interrupted') {
    if (difference && difference.kind !== 'outcome') throw new CaseFailed(agentId, difference);
    return { outcome, text, toolCalls: tools, usage };
  }
  throw new Error(difference?.message ?? `The run ended as ${outcome}.`);
}

function toTestCase(gateway: RunsAgents, { agentId, path, read }: CaseFile): TestCase {
  return {
    agentId,
    title: `${agentId}: ${path}`,
    async run(signal = new AbortController().signal) {
      const { type, test } = await read();
      const { difference } =
        type === 'recorded'
          ? await gateway.playTest(agentId, test, signal)
          : await gateway.playWritten(agentId, test, signal);
      if (difference) throw new CaseFailed(path, difference);
    },
  };
}

function findAgent(agents: readonly AgentStatus[], named: string): AgentStatus {
  const lower = named.toLowerCase();
  const fitting = agents.filter(({ id }) => id === lower || id.endsWith(`/${lower}`));
  const found =
    fitting.find(({ id }) => id === lower) ?? (fitting.length === 1 ? fitting[0] : null);
  if (!found) {
    const ids = agents.map(({ id }) => id).join(', ') || 'none';
    throw new Error(`There is no agent ${named}, or several are named so. There are: ${ids}.`);
  }
  if (found.generation !== null) return found;
  const [why] = found.diagnostics;
  throw new Error(`${found.id} does not load: ${why?.message ?? found.status}`);
}
