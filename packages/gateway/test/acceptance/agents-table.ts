import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ChatCompletionCreateParams } from 'openai/resources';
import type { Turn } from '../support/scripted-upstream.ts';
import type { Way } from './formats.ts';
import { packageRoot } from './harness.ts';
import type { ParrotCall } from './parrot.ts';
import { followSteps, saying } from './tool-script.ts';

/** The same agents, written in two languages. */
export const languages = [
  { language: 'TypeScript', ending: 'ts', broken: 'export const more = {{;\n' },
  { language: 'Python', ending: 'py', broken: 'more = Teller((\n' },
] as const;

export type Language = (typeof languages)[number];
type Ending = Language['ending'];

const workspaceRoot = dirname(dirname(packageRoot));
const both = (name: string) => (ending: Ending) =>
  join(packageRoot, 'test/fixtures/both', `${name.toLowerCase()}.${ending}`);
const dropped = (folder: string, ending: Ending) =>
  join(workspaceRoot, 'src/agents', folder, `agent.${ending}`);

/** Agent → where its module lies. Those that come with the workspace are served as they are. */
const files: Readonly<Record<string, (ending: Ending) => string>> = {
  Desk: both('Desk'),
  Teller: both('Teller'),
  Vault: both('Vault'),
  Flow: both('Flow'),
  Report: both('Report'),
  Sample: (ending) => dropped(ending === 'ts' ? 'SampleAgent' : 'SampleAgentPy', ending),
  Spark: (ending) => (ending === 'ts' ? dropped('Spark', ending) : both('Spark')(ending)),
};

export const agentNames: readonly string[] = Object.keys(files);

export const sourceOf = (name: string, ending: Ending): string =>
  readFileSync(files[name]?.(ending) ?? '', 'utf8');

/** The model id of an agent in a language, without its namespace. */
export const modelOf = (name: string, ending: Ending): string => `${name.toLowerCase()}${ending}`;

/** Something that an agent is asked, and what comes of it however it is asked. */
export type Row = {
  readonly what: string;
  readonly agent: string;
  /** The model does what it says; see `startParrot` and `followSteps`. */
  readonly asks: string | ChatCompletionCreateParams['messages'];
  /** Of an answer that is told as it comes, where that is more than of a whole one. */
  readonly toldText?: string;
  /** Tools that are told of, and agents handed to: `→ Expert`. */
  readonly tools?: readonly string[];
  /** Calls of the model. */
  readonly calls: number;
} & (
  | { readonly text: string | RegExp; readonly finish?: 'content_filter' }
  | { readonly error: string; readonly status: number }
  | {
      /** The tool whose call waits, for a person or for the caller. */
      readonly waits: string;
      readonly finish: Readonly<Record<Way['format'], string>>;
    }
);

const safeAnswer = "I can't help with that.";
const blocked = { text: safeAnswer, finish: 'content_filter' } as const;
const handoffs = {
  ts: (agent: string) => `call transfer_to_${agent} {}`,
  py: (agent: string) => `call transfer_to_${agent.toLowerCase()} {}`,
};
const weather = '{"city":"Paris","degrees":21}';
const conversation: ChatCompletionCreateParams['messages'] = [
  { role: 'user', content: 'Do you hire?' },
  { role: 'assistant', content: 'We do.' },
  { role: 'user', content: 'Which jobs?' },
];

/** All rows of a language: the names of handoffs differ, as the SDKs make them. */
export function rowsOf({ ending }: Language): readonly Row[] {
  const handoff = handoffs[ending];
  const place = ending === 'ts' ? 'Turin, the station' : 'Padua, the market';
  return [
    { what: 'speaks', agent: 'Desk', asks: 'Hello?', text: 'Help.', calls: 1 },
    {
      what: 'uses a tool of its own',
      agent: 'Desk',
      asks: 'call measure {"thing":"rope"}',
      text: 'Help. [4 metres]',
      tools: ['measure'],
      calls: 2,
    },
    {
      what: 'says what it does before it uses a tool',
      agent: 'Desk',
      asks: 'Think aloud.',
      text: 'Let me see.\n\nHelp. [4 metres]',
      tools: ['measure'],
      calls: 2,
    },
    {
      what: 'asks an agent as a tool',
      agent: 'Desk',
      asks: 'call translate {"input":"Good day"}',
      text: 'Help. [Translate.]',
      tools: ['translate'],
      calls: 3,
    },
    {
      what: 'learns how a gateway tool is called',
      agent: 'Desk',
      asks: 'call fetch_doc {"url":"a.md"}',
      text: "Help. [The arguments must have required property 'source'. Send an object with: source (string, required).]",
      tools: ['fetch_doc'],
      calls: 2,
    },
    {
      what: 'uses its own tools and the gateway’s in one run',
      agent: 'Sample',
      asks: saying(
        ['get_weather', { city: 'Paris' }],
        ['fetch_doc', { source: 'sample/packing.md' }],
      ),
      text: /^It is sunny and 21 °C in Paris\. \| .*Source: sample\/packing\.md\n\n# What to pack\n/s,
      tools: ['get_weather', 'fetch_doc'],
      calls: 3,
    },
    {
      what: 'hands off',
      agent: 'Desk',
      asks: handoff('Expert'),
      text: 'Know better.',
      tools: ['→ Expert'],
      calls: 2,
    },
    {
      what: 'hands off to one with a tool, which it uses',
      agent: 'Spark',
      asks: saying([handoff('Gamemaster').split(' ')[1] ?? '', {}], ['roll_dice', { count: 2 }]),
      text: / \| [1-6], [1-6]$/,
      tools: ['→ Gamemaster', 'roll_dice'],
      calls: 3,
    },
    {
      what: 'hands off to one with an output type',
      agent: 'Desk',
      asks: handoff('Form'),
      text: weather,
      tools: ['→ Form'],
      calls: 2,
    },
    {
      what: 'hands off by handoff(), with an input and a filter of what goes along',
      agent: 'Desk',
      asks: 'call to_clerk {"reason":"a broken chair"}',
      text: 'Noted: a broken chair.',
      tools: ['→ Clerk'],
      calls: 2,
    },
    {
      what: 'answers with its output type',
      agent: 'Report',
      asks: 'Paris?',
      text: weather,
      calls: 1,
    },
    {
      what: 'knows its caller, its own environment and what it was given',
      agent: 'Desk',
      asks: 'call who_asks {}',
      text: new RegExp(
        `^Help\\. \\[caller-\\w+ for default/${modelOf('Desk', ending)} in ${place}\\]$`,
      ),
      tools: ['who_asks'],
      calls: 2,
    },
    {
      what: 'is stopped by a guardrail of its input, before the model is asked',
      agent: 'Desk',
      asks: 'Some poison, please.',
      ...blocked,
      calls: 0,
    },
    {
      what: 'is stopped by a guardrail of its output, of which a stream has told the text by then',
      agent: 'Desk',
      asks: 'say The secret word.',
      ...blocked,
      toldText: 'The secret word.',
      calls: 1,
    },
    {
      what: 'is stopped by a guardrail of a tool’s input',
      agent: 'Desk',
      asks: 'call open {"thing":"door"}',
      ...blocked,
      calls: 1,
    },
    {
      what: 'is stopped by a guardrail of a tool’s output',
      agent: 'Desk',
      asks: 'call open {"thing":"chest"}',
      ...blocked,
      tools: ['open'],
      calls: 1,
    },
    {
      what: 'is told what a guardrail of a tool says in its place',
      agent: 'Desk',
      asks: 'call open {"thing":"gate"}',
      text: 'Help. [It is locked.]',
      // The SDK of Python has no hook for a call that is stopped so.
      tools: ending === 'ts' ? ['open'] : [],
      calls: 2,
    },
    {
      what: 'goes on where guardrails of a tool mind nothing',
      agent: 'Desk',
      asks: 'call open {"thing":"box"}',
      text: 'Help. [In the box is a shoe.]',
      tools: ['open'],
      calls: 2,
    },
    {
      what: 'fails by name after a tool that may not fail',
      agent: 'Desk',
      asks: 'call wreck {"thing":"ship"}',
      error: 'tool_error',
      status: 500,
      calls: 1,
    },
    {
      what: 'waits for a person where a tool needs approval',
      agent: 'Vault',
      asks: 'call erase {"thing":"Rome"}',
      waits: 'erase',
      finish: { 'chat completions': 'stop', responses: 'stop' },
      calls: 1,
    },
    {
      what: 'waits for its caller where it calls a tool of that one',
      agent: 'Vault',
      asks: 'call clock {}',
      waits: 'clock',
      finish: { 'chat completions': 'tool_calls', responses: 'stop' },
      calls: 1,
    },
    {
      what: 'as a workflow of Agent Builder knows the conversation',
      agent: 'Flow',
      asks: conversation,
      text: 'Write.',
      calls: 2,
    },
    {
      what: 'as a plain run object yields text',
      agent: 'Teller',
      asks: 'Hello?',
      text: 'version one',
      calls: 0,
    },
  ];
}

/** What the model answers where it is told of an output type, and where it is given steps. */
export function modelAnswers(call: ParrotCall): Turn | null {
  const schema = JSON.stringify(call.body.text ?? '');
  if (schema.includes('topic')) return { text: ['{"topic":"jobs"}'] };
  if (schema.includes('degrees')) return { text: ['{"city":"Paris",', '"degrees":21}'] };
  if (call.messages.at(-1) === 'user: Think aloud.' && !hasResults(call)) {
    const calls = [{ name: 'measure', args: { thing: 'rope' }, id: 'call_1' }];
    return { text: ['Let me ', 'see.'], calls };
  }
  const asked = call.messages.findLast((message) => message.startsWith('user: ')) ?? '';
  return asked.startsWith('user: [[') ? followSteps(call) : null;
}

function hasResults({ body }: ParrotCall): boolean {
  return JSON.stringify(body).includes('function_call_output');
}
