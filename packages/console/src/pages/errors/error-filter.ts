import type { Diagnostic, ErrorFilter } from '../../api/errors.ts';

/** What the address of the page says; `id` is the one that is shown whole. */
export type ErrorSearch = {
  readonly q?: string;
  readonly severity?: Diagnostic['severity'];
  readonly stage?: Diagnostic['stage'];
  /** A model id, or `noAgent`. */
  readonly agent?: string;
  readonly id?: string;
};

/** Stands in the address for what belongs to no agent; model ids have a slash. */
export const noAgent = '-';

/** Worst first. */
export const severities = ['error', 'warning', 'info'] as const;

/** In the order in which an agent passes them. */
export const stages = [
  'discover',
  'dependencies',
  'load',
  'export',
  'metadata',
  'policy',
  'worker',
  'run',
  'model',
  'tool',
  'guardrail',
  'stream',
] as const;

/** Reads the address; what it cannot be is left out. */
export function readErrorSearch(search: Readonly<Record<string, unknown>>): ErrorSearch {
  return withoutEmpty({
    q: textOf(search.q),
    severity: severities.find((each) => each === search.severity),
    stage: stages.find((each) => each === search.stage),
    agent: textOf(search.agent),
    id: textOf(search.id),
  });
}

/** What the address can say: empty values are left out. */
export function withoutEmpty(
  search: {
    readonly [Name in keyof ErrorSearch]?: ErrorSearch[Name] | '' | undefined;
  },
): ErrorSearch {
  const { q, severity, stage, agent, id } = search;
  return {
    ...(q && { q }),
    ...(severity && { severity }),
    ...(stage && { stage }),
    ...(agent && { agent }),
    ...(id && { id }),
  };
}

/** Those that all filters fit. */
export function fittingErrors(
  errors: readonly Diagnostic[],
  { q = '', severity, stage, agent }: ErrorSearch,
): readonly Diagnostic[] {
  const wanted = q.trim().toLowerCase();
  return errors.filter(
    (each) =>
      (severity === undefined || each.severity === severity) &&
      (stage === undefined || each.stage === stage) &&
      (agent === undefined || (each.agent_id ?? noAgent) === agent) &&
      (wanted === '' || wordsOf(each).toLowerCase().includes(wanted)),
  );
}

/** The filter of the gateway that means the same; null where it has none, and each must be told by its id. */
export function gatewayFilter({ q, severity, stage, agent }: ErrorSearch): ErrorFilter | null {
  if (q !== undefined || agent === noAgent) return null;
  return {
    ...(severity && { severity }),
    ...(stage && { stage }),
    ...(agent && { agent }),
  };
}

/** A line of the list: the name of an agent, or something wrong with it. */
export type ErrorLine =
  | {
      readonly type: 'agent';
      readonly agent: string | null;
      readonly errors: readonly Diagnostic[];
    }
  | { readonly type: 'error'; readonly error: Diagnostic };

/** By agent, that with the newest first. */
export function linesOf(newestFirst: readonly Diagnostic[]): readonly ErrorLine[] {
  const byAgent = Map.groupBy(newestFirst, ({ agent_id: agent }) => agent);
  return [...byAgent].flatMap(([agent, errors]): ErrorLine[] => [
    { type: 'agent', agent, errors },
    ...errors.map((error) => ({ type: 'error', error }) as const),
  ]);
}

function wordsOf({ agent_id: agent, code, message, file, request_id: request, hint }: Diagnostic) {
  return [agent, code, message, file, request, hint].filter((part) => part !== null).join('\n');
}

/** A number in the address is read as one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : undefined;
}
