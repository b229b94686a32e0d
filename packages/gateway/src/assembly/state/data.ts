import { setTimeout as wait } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import type { DataAdministration } from '../../http/deps.ts';
import { toEndUser } from '../../policy/users/end-user.ts';
import type { DataQuery } from '../../protocol/admin/data-answer.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import type { DataOf } from '../../protocol/state/data-store.ts';
import { type Owner, ownerOf } from '../../protocol/state/owner.ts';
import type { Erasures } from '../../runs/turns/erasures.ts';
import type { Parts } from '../agent-processes.ts';
import type { Domain } from '../domain.ts';

/** How long runs that are told to end are waited for. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 20;

/** Tells and deletes what is kept of a key or a user, here and in the store. */
export function createDataAdministration(
  parts: Parts,
  { runsOfKeys }: Pick<Domain, 'runsOfKeys'>,
  erasures: Erasures,
): DataAdministration {
  const { store, observers } = parts;
  const flush = async () => {
    await observers.journal.flush();
    await observers.usage.flush();
    await observers.decisionLog.flush();
  };
  const answer = (of: DataOf, running: number, counts: Awaited<ReturnType<typeof count>>) => ({
    user: of.user ?? null,
    key_id: of.keyId ?? null,
    running,
    counts,
  });
  const count = (of: DataOf) => store.data.count(of);
  return {
    async list(query) {
      const of = dataOf(parts, query);
      await flush();
      return answer(of, runsOfKeys.count(fits(of)), await count(of));
    },
    async begin(_caller, query) {
      const of = dataOf(parts, query);
      const isOf = ownerFits(of);
      erasures.add(isOf);
      const ended = runsOfKeys.end(fits(of), deleted());
      return {
        isOf,
        async finish() {
          const untilMs = performance.now() + PATIENCE_MS;
          while (runsOfKeys.count(fits(of)) > 0 && performance.now() < untilMs) {
            await wait(LOOK_EVERY_MS);
          }
          await flush();
          const counts = await store.data.erase(of);
          // What a call told that was aborted with its run may have come meanwhile.
          await flush();
          await store.data.erase(of);
          return answer(of, ended, counts);
        },
      };
    },
  };
}

function fits(of: DataOf) {
  const isOf = ownerFits(of);
  return (caller: Parameters<typeof ownerOf>[0]) => isOf(ownerOf(caller));
}

function ownerFits({ keyId, user }: DataOf) {
  return (owner: Owner) =>
    (keyId === undefined || owner.keyId === keyId) && (user === undefined || owner.user === user);
}

/** @throws GatewayError `invalid_value`, `record_not_found` for a key that is none. */
function dataOf({ known }: Pick<Parts, 'known'>, { user, key }: DataQuery): DataOf {
  const person = user === undefined ? null : toEndUser(user, 'user');
  if (user !== undefined && !person) {
    throw new GatewayError('invalid_value', 'The id of the user is empty.', { param: 'user' });
  }
  return {
    ...(person && { user: person.id }),
    ...(key !== undefined && { keyId: keyIdOf(known, key) }),
  };
}

/** Keys may be gone, and callers with a token never were any. */
function keyIdOf({ find, all }: Parts['known'], named: string): string {
  if (find(named) || isOfTokens(named) || named.startsWith('key_')) return named;
  const [key, ...others] = all().filter(({ name }) => name === named);
  if (key && others.length === 0) return key.id;
  throw new GatewayError(
    key ? 'invalid_value' : 'record_not_found',
    key
      ? 'Several keys have this name. Give the id of one; `dropgate keys list` tells them.'
      : 'There is no such key. Give its id or its name; `dropgate keys list` tells them.',
    { param: 'key' },
  );
}

function deleted(): GatewayError {
  return new GatewayError(
    'run_cancelled',
    'What is kept of its user or key was deleted, which ended this run.',
  );
}
