import { parsed } from './compare.ts';

/** A function as a model was told of it. */
export type ToldTool = {
  readonly name: string;
  readonly description: string;
  readonly parameters: object;
  readonly strict: boolean;
};

/** The functions in a request to a model, of either API. */
export function toldTools(request: string | undefined): ToldTool[] {
  const { tools } = fieldsOf(parsed(request ?? 'null'));
  return (Array.isArray(tools) ? tools : []).flatMap((tool) => {
    const { type, function: inner } = fieldsOf(tool);
    if (type !== 'function') return [];
    const { name, description, parameters, strict } = fieldsOf(inner ?? tool);
    return {
      name: String(name),
      description: typeof description === 'string' ? description : '',
      parameters: fieldsOf(parameters),
      strict: strict === true,
    };
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
