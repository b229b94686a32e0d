import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';
import type { Api } from './schema.ts';

type Page = Answer<'POST /security/matrix'>;

/** What a matrix is about. */
export type MatrixAction = NonNullable<Api['POST /security/matrix']['body']['action']>;

/** A rule that decides at least one answer. */
export type MatrixRule = Page['rules'][number];

/** One answer, with the rule that decides; null where none fits. */
export type MatrixCell = {
  readonly decision: Page['rows'][number]['cells'][number]['decision'];
  readonly rule: MatrixRule | null;
};

/** Who may what: a row a key, a column an agent or a tool. */
export type Matrix = {
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly key: Page['rows'][number]['principal'];
    readonly cells: readonly MatrixCell[];
  }[];
  /** There are more columns than are compared. */
  readonly isTruncated: boolean;
};

/** Most pages of rows that are read one after another. */
const maxPages = 50;
const rowsOfPage = 200;

/** @param agentId - Of `call_tool`: the agent whose tools are the columns. */
export function matrixQuery(api: ApiClient, action: MatrixAction, agentId: string | undefined) {
  return queryOptions({
    queryKey: ['matrix', 'all', action, agentId ?? null],
    async queryFn({ signal }): Promise<Matrix> {
      const rows: Matrix['rows'][number][] = [];
      let after: string | undefined;
      for (let count = 1; ; count += 1) {
        const body = {
          action,
          limit: rowsOfPage,
          ...(agentId === undefined ? {} : { agent_id: agentId }),
          ...(after === undefined ? {} : { after }),
        };
        const page = await api.call('POST /security/matrix', { body, signal });
        rows.push(...page.rows.map((row) => withRules(row, page.rules)));
        if (page.next === null || count === maxPages) {
          return { columns: page.resources, rows, isTruncated: page.truncated };
        }
        after = page.next;
      }
    },
  });
}

/** The rules of cells are told by their place in a list of each page. */
function withRules(
  { principal, cells }: Page['rows'][number],
  rules: readonly MatrixRule[],
): Matrix['rows'][number] {
  return {
    key: principal,
    cells: cells.map(({ decision, rule }) => ({
      decision,
      rule: rule === null ? null : (rules[rule] ?? null),
    })),
  };
}
