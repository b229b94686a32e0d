import { GatewayError } from '../../errors.ts';
import type { ApiKeys } from '../../policy/keys/api-keys.ts';
import { isSecret, newSecret } from '../../policy/keys/new-key.ts';
import { CommandError } from '../command.ts';
import { createKeyFile, isOpenToOthers, readKeyFile } from './key-file.ts';

/** What a bootstrap needs of the keys. */
type Keys = Pick<ApiKeys, 'register' | 'hasUsableKey'>;

/**
 * Makes the key in a file an admin's. A missing file gets a fresh key only while no key exists at all, so that a file
 * deleted after its first use, or a wrong path later on, makes no further admin.
 *
 * @param note - Takes lines for a person; none has a secret in it.
 * @throws CommandError where the file cannot be used, and no other key could be either.
 */
export async function bootstrapKey(
  keys: Keys,
  path: string,
  note: (line: string) => void,
): Promise<void> {
  const kept = await readKeyFile(path);
  if (kept === null && (await keys.hasUsableKey())) return;
  const secret = kept ?? (await firstKey(path, note));
  if (!isSecret(secret)) {
    const found = secret === '' ? 'The file is empty.' : 'This is no API key.';
    throw new CommandError(
      `${path}: ${found} Put a key into it (dg_ and 43 characters), or remove the file and a key is made.`,
    );
  }
  if (await isOpenToOthers(path)) {
    note(`warning: Others may read ${path}. Allow its owner only (chmod 600).`);
  }
  try {
    await keys.register(secret, { name: 'bootstrap', role: 'admin', createdBy: 'bootstrap' });
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'invalid_value') throw error;
    if (!(await keys.hasUsableKey())) throw new CommandError(`${path}: ${error.message}`);
    note(`warning: ${path} is not used. ${error.message}`);
  }
}

/** Written before it is a key: one whose secret could not be written would lock everybody out. */
async function firstKey(path: string, note: (line: string) => void): Promise<string> {
  const secret = newSecret();
  if (await createKeyFile(path, secret)) {
    note(`The first admin key is in ${path}.`);
    return secret;
  }
  // Another gateway was faster.
  return (await readKeyFile(path)) ?? '';
}
