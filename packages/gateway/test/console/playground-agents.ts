/** An agent with tools of each kind of end, one that a person approves, and another agent to hand over to. */
export const desk = `
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => \`It is sunny in \${city}.\`,
});
const loseTicket = tool({
  name: 'lose_ticket',
  description: 'Loses a ticket.',
  parameters: z.object({ id: z.string() }),
  execute: async () => {
    throw new Error('It is gone.');
  },
});
const sendEmail = tool({
  name: 'send_email',
  description: 'Sends an email.',
  parameters: z.object({ to: z.string() }),
  needsApproval: true,
  execute: async ({ to }) => \`Sent to \${to}.\`,
});
const closeShop = tool({
  name: 'close_shop',
  description: 'Closes the shop.',
  parameters: z.object({}),
  execute: async () => 'It is closed.',
});
const expert = new Agent({ name: 'Expert', instructions: 'Know better.' });

export const agent = new Agent({
  name: 'Desk',
  instructions: 'Help.',
  tools: [getWeather, loseTicket, sendEmail, closeShop],
  handoffs: [expert],
  inputGuardrails: [
    {
      name: 'no_poison',
      runInParallel: false,
      execute: async ({ input }) => ({
        tripwireTriggered: JSON.stringify(input).includes('poison'),
        outputInfo: null,
      }),
    },
  ],
});
`;

/** An agent that says and does what its question names, without a model. */
export const actor = `
type Message = { readonly role: string; readonly content: string };

const hostile = [
  '# Hello <img src=x onerror="window.hacked = 1">',
  '<script>window.hacked = 2</script><iframe src="javascript:parent.hacked=3"></iframe>',
  '[click](javascript:window.hacked=4) [docs](https://example.com) ![a cat](https://example.com/cat.png)',
  '\\u001b[31mred\\u001b[0m \\u001b]8;;https://example.com\\u0007link\\u0007 ' + 'long'.repeat(300),
  '<form action="https://example.com"><input name=a></form><style>* { display: none }</style>',
  'שלום עולם',
  '\`\`\`ts\\nconst wide = "' + 'wide'.repeat(200) + '";\\n\`\`\`',
  'The end.',
].join('\\n\\n');

export const agent = {
  async *run({ messages, signal }: { messages: Message[]; signal: AbortSignal }) {
    const asked = messages.at(-1)?.content ?? '';
    if (asked === 'hostile') {
      for (const word of hostile.split(/(?<= )/)) yield word;
    } else if (asked === 'huge') {
      for (let line = 0; line < 5000; line += 1) yield 'A **line** of the answer. '.repeat(40) + '\\n\\n';
    } else if (asked === 'fail') {
      yield 'The beginning of ';
      throw new Error('boom');
    } else if (asked === 'wait') {
      yield 'I wait.';
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    } else yield \`You said: \${asked}\`;
  },
};
`;

/** An agent whose model calls a tool twice at once, each of them with a person's approval. */
export const payer = `
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const pay = tool({
  name: 'pay',
  description: 'Pays.',
  parameters: z.object({ to: z.string() }),
  needsApproval: true,
  execute: async ({ to }) => \`Paid \${to}.\`,
});
const usage = { requests: 1, inputTokens: 10, outputTokens: 5, totalTokens: 15 };
const call = (to: string) => ({
  type: 'function_call',
  callId: to,
  name: 'pay',
  arguments: JSON.stringify({ to }),
  status: 'completed',
});
const model = {
  getResponse: () => Promise.reject(new Error('It streams.')),
  async *getStreamedResponse({ input }: { input: { type?: string }[] }) {
    const isPaid = input.some(({ type }) => type === 'function_call_result');
    const content = [{ type: 'output_text', text: 'Both are paid.' }];
    const message = { type: 'message', role: 'assistant', status: 'completed', content };
    if (isPaid) yield { type: 'output_text_delta', delta: 'Both are paid.' };
    const output = isPaid ? [message] : [call('Ada'), call('Bob')];
    yield { type: 'response_done', response: { id: 'r', usage, output } };
  },
};
export const agent = new Agent({ name: 'Payer', instructions: 'Pay.', tools: [pay], model: model as never });
`;

/** Has an operator decide on each call of one of those tools. */
export const settings = `
security:
  rules:
    - id: closing-needs-an-operator
      effect: require_approval
      action: call_tool
      principals: ['*']
      resources: ['close_shop']
      approvers: ['role:operator']
`;
