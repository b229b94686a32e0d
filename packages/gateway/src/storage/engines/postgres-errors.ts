/** Codes after which the server took back everything, so that the work may be done again: deadlock, serialization. */
const RETRYABLE: ReadonlySet<unknown> = new Set(['40P01', '40001']);

/** Whether an error says that other writers were in the way and nothing was done. */
export function isRetryable(error: unknown): boolean {
  return RETRYABLE.has(codeOf(error));
}

/** A URL as people may see it: without user, password and options; null where it is none. */
export function postgresPlace(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { host, pathname, searchParams } = new URL(url);
  return `postgres://${host || (searchParams.get('host') ?? 'localhost')}${pathname}`;
}

/** What an error of a Postgres server means and what to do about it. Texts of the server are left out. */
export function explainPostgres(place: string, error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case '28P01':
    case '28000':
      return `The store ${place} refuses the user or the password. Correct store_url.`;
    case '3D000':
      return `The store ${place} does not exist on its server. Create the database, or correct store_url.`;
    case '42501':
      return `The user of the store ${place} lacks rights. Let it own the database, or create tables in its schema.`;
    case '25006':
      return `The store ${place} is read-only. Set store_url to the server that takes writes.`;
    case '53100':
      return `The disk that holds the store ${place} is full. Free some space.`;
    case '53300':
      return `The server of the store ${place} has no connection left. Raise its max_connections, or end other clients.`;
    case '57014':
    case '55P03':
      return explainStall(place);
    default:
      if (isTlsFault(error)) {
        return `The store ${place} offers no TLS that the sslmode of store_url accepts. Correct its certificate, or store_url (sslrootcert is the file of your own authority).`;
      }
      return isAway(error)
        ? `The store ${place} cannot be reached. Start its server, or correct store_url.`
        : `The store ${place} cannot be used. See its cause.`;
  }
}

/** What to do about a server that gives no answer. */
export function explainStall(place: string): string {
  return `The store ${place} did not answer in time. See what else its server is doing.`;
}

function isTlsFault(error: unknown): boolean {
  if (/CERT|TLS|SSL|UNABLE_TO_/.test(String(codeOf(error)))) return true;
  return error instanceof Error && error.message.includes('SSL connections');
}

function isAway(error: unknown): boolean {
  const code = codeOf(error);
  // Connection exceptions and shutdowns have codes; what `pg` says of a lost socket has only its text.
  if (typeof code === 'string') return /^(08|57P)/.test(code) || /^E[A-Z]+$/.test(code);
  return (
    error instanceof Error && /timeout|terminated|connection|closed|ended/i.test(error.message)
  );
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
