/** An MCP server over stdio with one tool, in as much of the protocol as that takes. `node shouter.mjs <tool>`. */
export const shouter = `
import { createInterface } from 'node:readline';

const tool = {
  name: process.argv[2],
  description: 'Shouts.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
};
const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'shouter', version: '1' },
  }),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': (params) => ({ content: [{ type: 'text', text: params.arguments.text.toUpperCase() + '!' }] }),
};
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method];
  const result = answer ? { result: answer(params) } : { error: { code: -32601, message: 'Unknown.' } };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...result }) + '\\n');
});
`;
