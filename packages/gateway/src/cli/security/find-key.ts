import type { KeyRecord } from '../../protocol/policy.ts';
import { CommandError, exitCodes } from '../command.ts';

/**
 * The key that somebody means by an id, or by a name that only it has; of several of a name, one that is not revoked.
 *
 * @throws CommandError where there is none or more than one, or where the text is a secret.
 */
export function findKey<Key extends Pick<KeyRecord, 'id' | 'name' | 'revokedAtSeconds'>>(
  records: readonly Key[],
  named: string,
): Key {
  if (named.startsWith('dg_')) {
    throw new CommandError(
      'This is the key itself. Give its id or its name, see `dropgate keys list`.',
      exitCodes.wrongUsage,
    );
  }
  const byId = records.find(({ id }) => id === named);
  if (byId) return byId;
  const byName = records.filter(({ name }) => name === named);
  const live = byName.filter(({ revokedAtSeconds }) => revokedAtSeconds === null);
  const [found, ...others] = live.length > 0 ? live : byName.slice(-1);
  if (!found) {
    throw new CommandError(`There is no key ${named}. See \`dropgate keys list\`.`);
  }
  if (others.length > 0) {
    const ids = live.map(({ id }) => id).join(', ');
    throw new CommandError(`Several keys are named ${named}. Give the id of one: ${ids}.`);
  }
  return found;
}
