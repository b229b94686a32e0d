/** A text that is to run in a browser, load something from elsewhere, colour a terminal and turn the reading. */
export const hostile = [
  '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script><svg onload="window.hacked=3">',
  '[x](javascript:window.hacked=4) [y](data:text/html,<script>top.hacked=5</script>) ![z](http://outside.test/z.png)',
  '<iframe src="http://outside.test/"></iframe><link rel="stylesheet" href="http://outside.test/a.css">',
  '\u001b[31mred\u001b[0m \u202eturned\u202c \u0000nothing',
].join(' ');

/** One word of so many letters. */
const endless = 'Endless'.repeat(43);

/** An agent whose name, tools and their results are hostile. */
export const hostileDesk = `
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const hostile = ${JSON.stringify(hostile)};
export const __gateway__ = { display_name: ${JSON.stringify(hostile.slice(0, 60))} + '${endless}', description: hostile };

const getWeather = tool({
  name: 'get_weather',
  description: hostile,
  parameters: z.object({ city: z.string().describe(hostile) }),
  execute: async () => hostile,
});
const listRows = tool({
  name: 'list_rows',
  description: '${endless}',
  parameters: z.object({}),
  execute: async () => JSON.stringify(Array.from({ length: 10_000 }, (_, row) => ({ row })), null, 1),
});
const sendEmail = tool({
  name: 'send_email',
  description: 'Sends an email.',
  parameters: z.object({ to: z.string() }),
  needsApproval: true,
  execute: async () => hostile,
});

export const agent = new Agent({
  name: '${endless}',
  instructions: hostile,
  tools: [getWeather, listRows, sendEmail],
});
`;

/** An agent that cannot be loaded, and says why in a hostile text. */
export const hostileFailure = `export const agent = { run: async () => '' };
throw new Error(${JSON.stringify(hostile)} + '${endless}');
`;

/** An agent that says what its question names, without a model. */
export const actor = `
type Message = { readonly role: string; readonly content: string };

export const agent = {
  async *run({ messages, signal }: { messages: Message[]; signal: AbortSignal }) {
    const asked = messages.at(-1)?.content ?? '';
    if (asked === 'huge') yield 'A **line** <b onclick="window.hacked=6">.\\n\\n'.repeat(125_000);
    else if (asked === 'wait') {
      yield 'I wait.';
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    } else yield \`You said: \${asked}\`;
  },
};
`;
