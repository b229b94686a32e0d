/** What stands where a secret was. */
const mask = '[secret]';

/** Shorter values are words, not secrets: to hide them would hide the text around them. */
const minSecretLength = 8;

/** Known values at most, so that nothing grows for ever; forms are hidden beyond it. */
const maxKnown = 2000;

/** Hides secrets in what the gateway writes. */
export type Redactor = {
  /** Adds an environment: the values of variables that are named like secrets, and passwords in addresses. */
  readonly addEnvironment: (environment: Readonly<Record<string, string | undefined>>) => void;
  /** Adds a value that is a secret; short ones and null are passed over. */
  readonly addValue: (value: string | null | undefined) => void;
  /** A text without secrets: known ones, and what has the form of one. */
  readonly text: (text: string) => string;
  /** Anything, its strings without secrets. */
  readonly deep: <Value>(value: Value) => Value;
};

/** Keys of ours and of upstreams, and what follows a scheme of Authorization. What says which stays. */
const keyForms = /\b(dg_|sk-)[A-Za-z0-9_-]{16,}|\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi;

/** Passwords in addresses. Bounded, so that no text takes long. */
const addressForms = /\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/'"]{0,200}:)[^\s@/'"]{1,500}(?=@)/gi;

const secretName =
  /(key|token|secret|password|passphrase)s?(_|$)|(^|_)(auth|pass|passwd|pwd|dsn|salt|webhook|cookie|pat|credentials?)(_|$)/i;

/** Variables that say where a secret is, not what, and the folder a shell was in. */
const placeName = /_(file|path|dir|folder|sock|id|name|env|host|port|algorithm|header)$|^pwd$/i;

export function createRedactor(): Redactor {
  const known = new Set<string>();
  const added = new WeakSet<object>();
  let pattern: RegExp | null = null;

  const addValue: Redactor['addValue'] = (value) => {
    const secret = value?.trim();
    if (!secret || secret.length < minSecretLength || known.size >= maxKnown) return;
    if (!known.has(secret)) pattern = null;
    known.add(secret);
  };
  const text = (shown: string): string => {
    if (shown.length < minSecretLength) return shown;
    pattern ??= patternOf(known);
    const hidden = shown
      .replace(pattern, mask)
      .replace(keyForms, (_all, key = '', scheme = '') => key + scheme + mask);
    return hidden.includes('://') ? hidden.replace(addressForms, `$1${mask}`) : hidden;
  };

  return {
    addEnvironment(environment) {
      if (added.has(environment)) return;
      added.add(environment);
      for (const [name, value] of Object.entries(environment)) {
        if (value === undefined) continue;
        for (const password of passwordsIn(value)) addValue(password);
        if (secretName.test(name) && !placeName.test(name)) addValue(value);
      }
    },
    addValue,
    text,
    deep: (value) => deep(value, text) as typeof value,
  };
}

/** The longest first: a secret may be the beginning of another. */
function patternOf(known: ReadonlySet<string>): RegExp {
  if (known.size === 0) return /(?!)/;
  const longestFirst = [...known].toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(escaped).join('|'), 'g');
}

function escaped(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** The password of an address, as it is written there and as it is meant. */
function passwordsIn(value: string): string[] {
  if (!value.includes('://') || !URL.canParse(value)) return [];
  const { password } = new URL(value);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

function deep(value: unknown, text: (shown: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((each) => deep(each, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, deep(each, text)]));
}
