import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Tables } from '../tables.ts';

/** Fits rows whose columns have all of these values; what is undefined is not asked for. */
export function allEqual(wanted: Readonly<Record<string, string | undefined>>) {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return <Table extends keyof Tables>(row: ExpressionBuilder<Tables, Table>): Expression<SqlBool> =>
    row.and(Object.fromEntries(given) as Parameters<typeof row.and>[0]);
}
