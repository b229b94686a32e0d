import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { CommandError, exitCodes } from '../command.ts';

/** Where a key or token that a command is about comes from. */
export type SecretSource = {
  /** Itself. */
  readonly token?: string;
  /** A file that holds it, `-` for the standard input. */
  readonly tokenFile?: string;
};

/**
 * Reads a key or token; without a source, from the standard input, so that it stands in no list of processes.
 *
 * @throws CommandError where there is none.
 */
export async function readSecret(
  { token, tokenFile }: SecretSource,
  folder: string,
): Promise<string> {
  const given = token ?? (await readFrom(tokenFile ?? '-', folder));
  const secret = given.trim().replace(/^Bearer\s+/i, '');
  if (secret !== '' && !/\s/.test(secret)) return secret;
  const what = secret === '' ? 'There is no key or token' : 'This is more than one key or token';
  throw new CommandError(
    `${what}. Give --token-file <file>, or send it to the standard input.`,
    exitCodes.wrongUsage,
  );
}

async function readFrom(file: string, folder: string): Promise<string> {
  if (file !== '-') {
    return readFile(resolve(folder, file), 'utf8').catch(() => {
      throw new CommandError(`${file} cannot be read.`, exitCodes.wrongUsage);
    });
  }
  if (!process.stdin.isTTY) return text(process.stdin);
  throw new CommandError(
    'Give --token-file <file>, or send the key or token to the standard input.',
    exitCodes.wrongUsage,
  );
}
