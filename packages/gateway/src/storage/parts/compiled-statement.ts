import type { Compilable, CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { Tables } from '../tables.ts';

/** A statement that is run on a database, or in a transaction on it, with these values. */
export type CompiledStatement<Values, Row> = (
  database: Kysely<Tables>,
  values: Values,
) => Promise<QueryResult<Row>>;

/**
 * Builds and compiles a statement once, when it is first run: that takes longer than SQLite takes to run it.
 *
 * @param build - Is given a placeholder for each value, to be put into the statement as it is.
 */
export function compileStatement<Values extends Readonly<Record<string, string | number>>, Row>(
  build: (values: Values) => Compilable<Row>,
): CompiledStatement<Values, Row> {
  const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as Values;
  let compiled: CompiledQuery<Row> | null = null;
  return (database, values) => {
    compiled ??= build(placeholders).compile();
    const parameters = compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name] : parameter,
    );
    return database.executeQuery({ ...compiled, parameters });
  };
}

class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
