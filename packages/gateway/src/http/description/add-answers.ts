import type { Route } from '../route.ts';
import { failureResponses, failureSchemas, failuresOf, requestIdHeader } from './add-failures.ts';

type Described = Readonly<Record<string, unknown>>;

type Answer = { readonly content?: Readonly<Record<string, Described>> };

type Parameter = { readonly name: string; readonly in: string };

type Operation = {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Described;
  readonly responses?: Readonly<Record<string, Answer>>;
};

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** A description of routes with all that they may answer: media types, headers and failures. */
export function addAnswers(described: object, routes: readonly Route[]): Described {
  const { paths, components } = described as { paths: Paths; components: Described };
  const known = new Map(routes.map((route) => [`${route.method} ${describedPath(route)}`, route]));
  const whole = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => {
        const route = known.get(`${method.toUpperCase()} ${path}`);
        return [method, route ? wholeOperation(route, operation) : operation];
      }),
    ),
  ]);
  return {
    ...described,
    components: { ...components, schemas: failureSchemas, responses: failureResponses() },
    paths: Object.fromEntries(whole),
  };
}

/** The path of a route as a description has it. */
export function describedPath({ url }: Pick<Route, 'url'>): string {
  return url.replace('*', ':id').replaceAll(/:(\w+)/g, '{$1}');
}

function wholeOperation(route: Route, operation: Operation): Operation {
  const { parameters, requestBody, responses = {} } = operation;
  return {
    ...operation,
    ...(parameters ? { parameters: parameters.map(named) } : {}),
    // What may be null may be absent.
    ...(requestBody ? { requestBody: { ...requestBody, required: !allowsNone(route) } } : {}),
    responses: { ...failuresOf(route), ...answersOf(route, responses) },
  };
}

/** The wildcard of a path is an id to whoever reads it. */
function named(parameter: Parameter): Parameter {
  return parameter.name === '*' ? { ...parameter, name: 'id' } : parameter;
}

function allowsNone({ body }: Route): boolean {
  return body?.safeParse(undefined).success === true;
}

function answersOf(route: Route, responses: NonNullable<Operation['responses']>) {
  const { status = 200, otherStatus = status } = route;
  const answer = wholeAnswer(route, responses[status]);
  return { [status]: answer, [otherStatus]: answer };
}

function wholeAnswer({ status, mediaTypes = [json] }: Route, answer: Answer = {}): Described {
  const described = { description: 'The answer.', headers: requestIdHeader };
  if (status === 204) return described;
  const own = answer.content?.[json];
  // Of a stream alone it is what each of its events has.
  const isItsOwn = (type: string) => type === json || !mediaTypes.includes(json);
  const otherwise = (type: string) => (type === json ? {} : text);
  const content = mediaTypes.map((type) => [type, (isItsOwn(type) && own) || otherwise(type)]);
  return { ...described, content: Object.fromEntries(content) };
}

const json = 'application/json';

const text = { schema: { type: 'string' } };
