import { type FailureCode, failures } from '../../errors.ts';
import type { Route } from '../route.ts';

type Described = Readonly<Record<string, unknown>>;

/** What any request may be answered; a route adds to it by what it is. */
const everywhere: readonly FailureCode[] = ['invalid_request', 'gateway_failed'];

/** What a request is refused for that needs a key. */
const withKey: readonly FailureCode[] = [
  'key_missing',
  'not_allowed',
  'rate_limited',
  'overloaded',
];

/** What a body may be refused for. */
const withBody: readonly FailureCode[] = ['invalid_json', 'request_timeout', 'body_too_large'];

/** How a run may end, or not begin. */
const ofRuns: readonly FailureCode[] = [
  'agent_not_found',
  'conversation_busy',
  'run_cancelled',
  'run_failed',
  'upstream_failed',
  'run_timeout',
];

/** The responses by which a route tells its failures, as references to `failureResponses`; by status. */
export function failuresOf(route: Route): Readonly<Record<string, Described>> {
  const codes = [
    ...everywhere,
    ...(route.audience === 'anyone' ? [] : withKey),
    ...(/[:*]/.test(route.url) ? (['record_not_found'] as const) : []),
    ...(route.body ? withBody : []),
    ...(route.startsRun ? ofRuns : []),
    ...(route.fails ?? []),
  ];
  const statuses = [...new Set(codes.map((code) => failures[code].status))].toSorted();
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${nameOf(status)}` }]),
  );
}

/** A response for each status that a failure has, by name. */
export function failureResponses(): Described {
  const byStatus = Map.groupBy(Object.values(failures), ({ status }) => status);
  return Object.fromEntries(
    [...byStatus].map(([status, rows]) => {
      const codes = [...new Set(rows.map(({ wireCode }) => wireCode ?? 'null'))];
      const response = {
        description: `Refused or failed; error.code is ${codes.join(', ')}.`,
        headers: headersOf(status),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
      };
      return [nameOf(status), response];
    }),
  );
}

/** What every failure is told with, by name. */
export const failureSchemas: Described = {
  Failure: {
    type: 'object',
    properties: {
      error: {
        type: 'object',
        properties: {
          message: { type: 'string', description: 'What is wrong, and what to do.' },
          type: {
            type: 'string',
            enum: [...new Set(Object.values(failures).map((row) => row.type))],
          },
          param: {
            type: ['string', 'null'],
            description: 'The field of the request that is meant, such as messages[0].role.',
          },
          code: {
            type: ['string', 'null'],
            enum: [...new Set(Object.values(failures).map(({ wireCode }) => wireCode))],
          },
          dropgate: { description: 'More of it, for admins.' },
        },
        required: ['message', 'type', 'param', 'code'],
        additionalProperties: false,
      },
    },
    required: ['error'],
    additionalProperties: false,
  },
};

/** Of every answer. */
export const requestIdHeader: Described = {
  'x-request-id': {
    description: 'Id of the request, also in the log of the gateway.',
    required: true,
    schema: { type: 'string' },
  },
};

function headersOf(status: number): Described {
  const text = { type: 'string' };
  const seconds = { type: 'integer', minimum: 1, maximum: 60 };
  return {
    ...requestIdHeader,
    'x-should-retry': { description: 'false: do not ask again.', schema: text },
    ...(status === 401 ? { 'www-authenticate': { required: true, schema: text } } : {}),
    ...(status === 429 || status === 503
      ? { 'retry-after': { description: 'Seconds.', required: true, schema: seconds } }
      : {}),
  };
}

function nameOf(status: number): string {
  return `Failure${status}`;
}
