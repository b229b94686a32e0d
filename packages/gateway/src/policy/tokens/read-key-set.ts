import { open, stat } from 'node:fs/promises';
import { isLoopback } from './issuer-problems.ts';
import type { KeySource } from './issuer-settings.ts';
import { MAX_KEY_SET_BYTES } from './key-set.ts';

/** Asks a server outside, within bounds: what of `safe-fetch` is needed here. */
export type FetchBytes = (
  request: {
    readonly method: string;
    readonly url: URL;
    readonly headers: Readonly<Record<string, string>>;
    readonly maxBytes: number;
    readonly signal: AbortSignal;
  },
  settings: {
    readonly allowHosts: readonly string[];
    readonly denyHosts: readonly string[];
    readonly allowAddresses: readonly string[];
  },
) => Promise<{ readonly status: number; readonly bytes: Buffer; readonly isCut: boolean }>;

/**
 * Reads the text of a key set, at its address or in its file.
 *
 * @throws Error, which says what is wrong, where it cannot be read or is too large; the signal's reason after an abort.
 */
export type ReadKeySet = (source: KeySource, signal: AbortSignal) => Promise<string>;

/** @param fetchBytes - Goes to no host but the one it is told, and to no private address but those. */
export function createReadKeySet(fetchBytes: FetchBytes): ReadKeySet {
  return (source, signal) =>
    source.type === 'file' ? readFromFile(source.file) : readFromServer(fetchBytes, source, signal);
}

async function readFromServer(
  fetchBytes: FetchBytes,
  { url: address, allowAddresses }: Extract<KeySource, { type: 'url' }>,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(address);
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  const named = isLoopback(url.hostname) ? ['127.0.0.0/8', '::1'] : [];
  const { status, bytes, isCut } = await fetchBytes(
    {
      method: 'GET',
      url,
      headers: { accept: 'application/json' },
      maxBytes: MAX_KEY_SET_BYTES,
      signal,
    },
    { allowHosts: [host], denyHosts: [], allowAddresses: [...allowAddresses, ...named] },
  );
  if (status !== 200) throw new Error(`Its server answered ${status}.`);
  if (isCut) throw tooLarge();
  return bytes.toString();
}

async function readFromFile(path: string): Promise<string> {
  // A pipe would keep whoever opens it waiting.
  if (!(await stat(path)).isFile()) throw new Error(`${path} is no file.`);
  const file = await open(path, 'r');
  try {
    if ((await file.stat()).size > MAX_KEY_SET_BYTES) throw tooLarge();
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function tooLarge(): Error {
  return new Error(`It is larger than ${MAX_KEY_SET_BYTES / 1024} KiB.`);
}
