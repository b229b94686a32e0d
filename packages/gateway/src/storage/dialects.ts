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

/** How long SQLite itself waits for another writer. It blocks the whole process, so the rest is waited outside. */
const BLOCKING_WAIT_MS = 10;

/** A database file: kysely's dialect over it, and the version that other processes' commits change. */
export type SqliteFile = { readonly dialect: Dialect; version(): number };

/**
 * Opens a file with node:sqlite, made when missing. Each commit is on disk when it returns (WAL, `synchronous` FULL).
 *
 * Whatever is asked of it can fail as busy, having done nothing, and may then be asked again.
 *
 * @throws What node:sqlite throws; `errcode` is SQLite's.
 */
export function openSqliteFile(path: string): SqliteFile {
  const database = new DatabaseSync(path, { timeout: BLOCKING_WAIT_MS });
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = full');
    const version = database.prepare('pragma data_version');
    return {
      dialect: immediateDialect(adapt(database)),
      version: () => Number(version.get()?.data_version),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite's primary result code of an error, or null. */
export function sqliteCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
}

function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(sql) {
      const statement = statements.get(sql) ?? adaptStatement(database.prepare(sql));
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

function immediateDialect(database: SqliteDatabase): Dialect {
  const plain = new SqliteDialect({ database });
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new ImmediateDriver({ database }),
    createIntrospector: (kysely) => plain.createIntrospector(kysely),
    createQueryCompiler: () => plain.createQueryCompiler(),
  };
}

// A transaction that begins deferred fails at its first write when another process wrote meanwhile, without waiting.
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

// SQLite can change tables in a transaction; saying so makes migrations of several processes exclude each other.
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
