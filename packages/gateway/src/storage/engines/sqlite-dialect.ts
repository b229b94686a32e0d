import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';

/** Statements that a connection keeps compiled. */
const KEPT_STATEMENTS = 200;

/** A database file: two connections to it, and a number that changes with each commit but those of `relaxed`. */
export type SqliteFile = {
  readonly durable: Dialect;
  readonly relaxed: Dialect;
  dataVersion(): number;
  close(): void;
};

/**
 * Opens a file with node:sqlite, made when missing. A commit of `durable` is on disk when it returns, the last ones of
 * `relaxed` outlive a killed process but not a failure of power. Both take turns, so that neither waits for the other
 * in SQLite.
 *
 * Whatever is asked of it can fail as busy, having done nothing, and may then be asked again.
 *
 * @throws What node:sqlite throws; `errcode` is SQLite's.
 */
export function openSqliteFile(path: string): SqliteFile {
  const connections: DatabaseSync[] = [];
  const close = () => {
    for (const one of connections) if (one.isOpen) one.close();
  };
  const connect = (synchronous: 'full' | 'normal') => {
    // SQLite would block the whole process while it waits for another writer: that is waited for outside.
    const database = new DatabaseSync(path, { timeout: 0 });
    connections.push(database);
    // What is removed is overwritten: SQLite would leave it in the file until something else needs its place.
    database.exec(
      `pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma secure_delete = on`,
    );
    return database;
  };
  try {
    const durable = connect('full');
    const relaxed = connect('normal');
    const takeTurn = createTurns();
    const mark = relaxed.prepare('pragma data_version');
    return {
      durable: immediateDialect(durable, takeTurn),
      relaxed: immediateDialect(relaxed, takeTurn),
      dataVersion: () => Number(mark.get()?.data_version),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Waits until whoever came before is done; the answer ends one's own turn. */
type TakeTurn = () => Promise<() => void>;

function createTurns(): TakeTurn {
  let last: Promise<void> = Promise.resolve();
  return async () => {
    const before = last;
    const own = Promise.withResolvers<void>();
    last = own.promise;
    await before;
    return own.resolve;
  };
}

function immediateDialect(database: DatabaseSync, takeTurn: TakeTurn): Dialect {
  const config = { database: adapt(database) };
  const plain = new SqliteDialect(config);
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new ImmediateDriver(database, takeTurn),
    createIntrospector: (kysely) => plain.createIntrospector(kysely),
    createQueryCompiler: () => plain.createQueryCompiler(),
  };
}

// A transaction that begins deferred fails at its first write when another process wrote meanwhile, without waiting.
class ImmediateDriver extends SqliteDriver {
  readonly #database: DatabaseSync;
  readonly #takeTurn: TakeTurn;
  #endTurn = () => {};

  constructor(database: DatabaseSync, takeTurn: TakeTurn) {
    super({ database: adapt(database) });
    this.#database = database;
    this.#takeTurn = takeTurn;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#endTurn = await this.#takeTurn();
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    this.#endTurn();
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  // SQLite has rolled back by itself after some errors (a full disk); a second time would hide the first error.
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection);
  }
}

// SQLite can change tables in a transaction; saying so makes migrations of several processes exclude each other.
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => {
      if (database.isOpen) database.close();
    },
    prepare(sql) {
      const known = statements.get(sql);
      if (known) return known;
      const [oldest] = statements.keys();
      if (statements.size >= KEPT_STATEMENTS && oldest !== undefined) statements.delete(oldest);
      const statement = adaptStatement(database.prepare(sql));
      statements.set(sql, statement);
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}
