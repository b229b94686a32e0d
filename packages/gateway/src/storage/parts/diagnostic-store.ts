import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { DiagnosticStore } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';

/** The diagnostics of an open database. */
export function createDiagnosticStore({ durable, guarded }: Engine): DiagnosticStore {
  return {
    list: () =>
      guarded(async () => {
        const rows = await durable
          .selectFrom('diagnostics')
          .selectAll()
          .orderBy('last_seen')
          .orderBy('id')
          .execute();
        return rows.map(({ record }) => JSON.parse(record) as Diagnostic);
      }),
    change: ({ put, remove }) =>
      guarded(() =>
        durable.transaction().execute(async (transaction) => {
          for (const id of remove) {
            await transaction.deleteFrom('diagnostics').where('id', '=', id).execute();
          }
          for (const diagnostic of put) {
            const { id, last_seen } = diagnostic;
            const row = { last_seen, record: JSON.stringify(diagnostic) };
            await transaction
              .insertInto('diagnostics')
              .values({ id, ...row })
              .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
              .execute();
          }
        }),
      ),
  };
}
