import { demoModel } from '../../src/upstreams/demo/demo-model.ts';

type Properties = Record<string, unknown>;

/** A function as a request to the Responses API writes it; without a list every property is required. */
export function tool(
  name: string,
  description: string,
  properties: Properties,
  required?: string[],
) {
  const parameters = {
    type: 'object',
    properties,
    required: required ?? Object.keys(properties),
    additionalProperties: false,
  };
  return { type: 'function', name, description, parameters };
}

type Item = {
  type: string;
  name: string;
  arguments: string;
  content: [{ text: string }];
};

/** What the demo model puts out over the Responses API. */
export function ask(input: unknown, settings: Record<string, unknown> = {}): Item[] {
  const body = Buffer.from(JSON.stringify({ model: 'any', input, ...settings }));
  const answer = demoModel.handle('responses', body);
  if (answer.type !== 'json') throw new Error('streamed');
  return (answer.body as { output: Item[] }).output;
}

/** The calls among it, name to arguments. */
export const callsFor = (input: unknown, settings?: Record<string, unknown>) =>
  ask(input, settings).flatMap((item) =>
    item.type === 'function_call' ? [{ [item.name]: JSON.parse(item.arguments) }] : [],
  );
/** The text of its first item. */
export const textFor = (input: unknown, settings?: Record<string, unknown>) =>
  ask(input, settings)[0]!.content[0].text;
