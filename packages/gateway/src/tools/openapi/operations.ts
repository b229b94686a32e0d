import type { JsonSchema } from '../../protocol/tools/gateway-tools.ts';
import { asObject, deref, inlined, type Json } from './local-refs.ts';

/** A parameter that is no part of the body. */
export type OperationParameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
};

/** One operation of a document, as a tool needs it. */
export type Operation = {
  /** Its `operationId`, or its method and path. */
  readonly name: string;
  readonly description: string;
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly parameters: readonly OperationParameter[];
  /** Of what is called with: the parameters by name, and `body` where it takes one in JSON. */
  readonly schema: JsonSchema;
};

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

const places: readonly unknown[] = ['path', 'query', 'header'];

/** Headers that are not for models to say. */
const reserved =
  /^(authorization|cookie|host|content-.*|accept|connection|transfer-encoding|proxy-.*)$/i;

/** More than any document has that is of use to a model. */
const MAX_OPERATIONS = 200;

/** The operations of a document in OpenAPI 3. */
export function operationsOf(document: Json): readonly Operation[] {
  const all = Object.entries(asObject(document.paths)).flatMap(([path, value]) => {
    const item = deref(value, document);
    return methods.flatMap((method) =>
      item[method] === undefined ? [] : [toOperation({ path, method, item, document })],
    );
  });
  return all.slice(0, MAX_OPERATIONS);
}

function toOperation(given: {
  readonly path: string;
  readonly method: (typeof methods)[number];
  readonly item: Json;
  readonly document: Json;
}): Operation {
  const { path, method, item, document } = given;
  const operation = asObject(item[method]);
  const parameters = parametersOf([operation.parameters, item.parameters], document);
  const body = bodyOf(operation.requestBody, document);
  const properties = parameters.map((parameter) => [parameter.name, schemaOf(parameter, document)]);
  const required = parameters
    .filter((parameter) => parameter.in === 'path' || parameter.required === true)
    .map(({ name }) => name);
  const { operationId, summary, description } = operation;
  const told = [summary, description].filter((text) => typeof text === 'string' && text !== '');
  return {
    name: typeof operationId === 'string' ? operationId : `${method}${path}`,
    description: told.join('\n\n').slice(0, 4000) || `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    parameters: parameters.map((parameter) => ({ name: parameter.name, in: parameter.in })),
    schema: {
      type: 'object',
      properties: Object.fromEntries([...properties, ...(body ? [['body', body.schema]] : [])]),
      required: [...required, ...(body?.required ? ['body'] : [])],
      additionalProperties: false,
    },
  };
}

type Parameter = OperationParameter & Json;

/** The parameters of an operation go before those of its path; of each name there is one. */
function parametersOf(lists: readonly unknown[], document: Json): readonly Parameter[] {
  const found = new Map<string, Parameter>();
  const all = lists.flatMap((list) => (Array.isArray(list) ? list : []));
  for (const each of all.map((given) => deref(given, document))) {
    const { name } = each;
    if (typeof name !== 'string' || name === 'body' || found.has(name)) continue;
    if (!places.includes(each.in) || (each.in === 'header' && reserved.test(name))) continue;
    found.set(name, each as Parameter);
  }
  return [...found.values()];
}

function schemaOf(parameter: Parameter, document: Json): Json {
  const schema = inlined(parameter.schema ?? {}, document);
  const { description } = parameter;
  if (typeof description !== 'string' || 'description' in schema) return schema;
  return { ...schema, description };
}

function bodyOf(given: unknown, document: Json): { schema: Json; required: boolean } | null {
  const { content, required } = deref(given, document);
  const kinds = Object.entries(asObject(content));
  const [, json] = kinds.find(([type]) => /^application\/([\w.+-]+\+)?json\b/.test(type)) ?? [];
  if (json === undefined) return null;
  return { schema: inlined(asObject(json).schema ?? {}, document), required: required === true };
}
