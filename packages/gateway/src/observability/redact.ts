import { hideLiterals, mask, minSecretLength } from './hide-literals.ts';
import { hideOwn, type OwnRedaction } from './hide-words.ts';

/** Secrets of one environment at most, and characters of all of them, so that no module costs others much. */
const maxSecrets = 2000;
const maxCharacters = 512 * 1024;

/** Hides secrets in what the gateway writes. */
export type Redactor = {
  /** Adds an environment: the values of variables that are named like secrets, and passwords in addresses. */
  readonly addEnvironment: (environment: Readonly<Record<string, string | undefined>>) => void;
  /** Adds a value that is a secret; short ones and null are passed over. */
  readonly addValue: (value: string | null | undefined) => void;
  /** Hides what an operator named too, in place of what was named before. */
  readonly hideOwn: (own: OwnRedaction) => void;
  /** A text without secrets: known ones, and what has the form of one. */
  readonly text: (text: string) => string;
  /** Anything, its strings without secrets. */
  readonly deep: <Value>(value: Value) => Value;
};

/**
 * Keys of ours and of upstreams, what follows a scheme of Authorization, and JSON Web Tokens. What says which stays. The
 * header of a token is bounded, so that no text takes long.
 */
const keyForms =
  /\b(dg_|sk-)[A-Za-z0-9_-]{16,}|\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}|\b(eyJ)[A-Za-z0-9_-]{8,512}\.eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/gi;

/** Passwords in addresses. Bounded, so that no text takes long. */
const addressForms = /\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/'"]{0,200}:)[^\s@/'"]{1,500}(?=@)/gi;

const secretName =
  /(key|token|secret|password|passphrase)s?(_|$)|(^|_)(auth|pass|passwd|pwd|dsn|salt|webhook|cookie|pat|credentials?)(_|$)/i;

/** What stands otherwise in an address. */
const UNSAFE_IN_ADDRESSES = /[^A-Za-z0-9_.-]/;

/** Variables that say where a secret is, not what, and the folder a shell was in. */
const placeName = /_(file|path|dir|folder|sock|id|name|env|host|port|algorithm|header)$|^pwd$/i;

export function createRedactor(): Redactor {
  const known = new Set<string>();
  const added = new WeakSet<object>();
  let hide: ((text: string) => string) | null = null;
  let own: ((text: string) => string) | null = null;

  const add = (values: Iterable<string>) => {
    for (const value of values) if (known.size < maxSecrets) known.add(value);
    hide = null;
  };
  const text = (given: string): string => {
    const shown = own ? own(given) : given;
    if (shown.length < minSecretLength) return shown;
    hide ??= hideLiterals(known);
    const hidden = hide(shown).replace(
      keyForms,
      (_all, key = '', scheme = '', token = '') => key + scheme + token + mask,
    );
    return hidden.includes('://') ? hidden.replace(addressForms, `$1${mask}`) : hidden;
  };

  return {
    addEnvironment(environment) {
      if (added.has(environment)) return;
      added.add(environment);
      add(secretsIn(environment));
    },
    addValue(value) {
      if (value) add(formsOf(value));
    },
    hideOwn(named) {
      own = hideOwn(named);
    },
    text,
    deep: (value) => deep(value, text) as typeof value,
  };
}

/** The secrets of an environment, in each form in which they turn up: those of variables named so, and passwords in addresses. */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): Set<string> {
  return secretsOf(
    Object.entries(environment).flatMap(([name, value = '']) => {
      const isSecret = secretName.test(name) && !placeName.test(name);
      return [...passwordsIn(value), ...(isSecret ? [value] : [])];
    }),
  );
}

/** Values that are secrets, in each form in which they turn up. */
export function secretsOf(values: readonly string[]): Set<string> {
  const found = new Set<string>();
  let characters = 0;
  for (const form of values.flatMap(formsOf)) {
    characters += form.length;
    if (found.size < maxSecrets && characters <= maxCharacters) found.add(form);
  }
  return found;
}

/** Each line of a value, as it is and as JSON, addresses and forms write it. Short ones are words. */
function formsOf(value: string): string[] {
  return value
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line.length >= minSecretLength)
    .flatMap((line) => [...new Set([line, JSON.stringify(line).slice(1, -1), ...encoded(line)])]);
}

/** As `encodeURIComponent` writes it, `URLSearchParams`, and what leaves slashes as they are; nothing where none can. */
function encoded(line: string): string[] {
  if (!line.isWellFormed() || !UNSAFE_IN_ADDRESSES.test(line)) return [];
  const component = encodeURIComponent(line);
  const inForms = new URLSearchParams({ '': line }).toString().slice(1);
  return [component, inForms, component.replaceAll('%2F', '/')];
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
