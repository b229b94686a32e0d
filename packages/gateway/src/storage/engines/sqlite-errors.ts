/** SQLite's primary result code of an error, or null. */
export function sqliteCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
}

/** What an error of a SQLite file means and what to do about it. */
export function explainSqlite(path: string, error: unknown): string {
  switch (sqliteCode(error)) {
    case 5:
    case 6:
      return `The store ${path} is locked by another process. End that process, or wait and try again.`;
    case 8:
    case 14:
      return notWritable(path);
    case 11:
    case 26:
      return `The store ${path} is damaged or is no SQLite file. Restore it from a backup, or move it away to begin with an empty one (its keys are lost then).`;
    case 13:
      return full(path);
    default:
      return explainFile(path, error);
  }
}

function explainFile(path: string, error: unknown): string {
  switch ((error as NodeJS.ErrnoException | null)?.code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return notWritable(path);
    case 'ENOSPC':
    case 'EDQUOT':
      return full(path);
    default:
      return `The store ${path} cannot be used. See its cause, or set store_url to another file.`;
  }
}

function full(path: string): string {
  return `The disk that holds the store ${path} is full. Free some space.`;
}

function notWritable(path: string): string {
  return `The store ${path} cannot be opened for writing. Correct its permissions, or set store_url to another file.`;
}
