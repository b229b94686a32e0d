import type { VictimOptions } from './victim.ts';

/** Calls the tool that the question names, with its arguments, and says what came of it. */
export const parrot: NonNullable<VictimOptions['upstream']> = (_request, body, response) => {
  // Nothing but models and what they answer is here.
  if (body === '') return void response.writeHead(404).end('{}');
  const { input } = JSON.parse(body) as { input: { type?: string; content?: unknown }[] };
  const said = JSON.stringify(input);
  const result = input.find(({ type }) => type === 'function_call_output') as
    | { output: unknown }
    | undefined;
  const [, name = '', encoded = ''] = /call (\w+) (\S+?) now/.exec(said) ?? [];
  const message = {
    type: 'message',
    id: 'm',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', annotations: [], text: JSON.stringify(result?.output) }],
  };
  const call = {
    type: 'function_call',
    id: 'f',
    call_id: 'c',
    name,
    arguments: decodeURIComponent(encoded),
    status: 'completed',
  };
  const details = { input_tokens_details: { cached_tokens: 0 } };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2, ...details };
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      id: 'r',
      object: 'response',
      created_at: 1,
      model: 'm',
      status: 'completed',
      output: [result ? message : call],
      parallel_tool_calls: false,
      tool_choice: 'auto',
      tools: [],
      usage: { ...usage, output_tokens_details: { reasoning_tokens: 0 } },
    }),
  );
};
