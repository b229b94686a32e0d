import { expect, test } from 'vitest';
import { type Clock, openKeys } from '../../../test/support/keys-kit.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { holderOf, localHolder } from '../keys/identify.ts';
import { createSessions } from './sessions.ts';

/** Two gateways on one store, with a key, and a clock that both read. */
async function openSessions() {
  const [folder, clock] = [await tempFolder(), { seconds: 1_000_000 } satisfies Clock];
  const kit = await openKeys(folder, clock);
  await kit.known.start();
  const key = await kit.keys.create({ role: 'operator', createdBy: 'cli:test' });
  const holder = holderOf(key.record);
  const gateway = () =>
    createSessions({
      store: kit.store.sessions,
      known: kit.known,
      times: () => ({ sessionIdleMinutes: 10, sessionMaxHours: 1 }),
      nowSeconds: () => clock.seconds,
      emit: (event) => kit.told.push(event),
    });
  return { kit, clock, holder, here: gateway(), there: gateway() };
}

const over = { code: 'session_expired' };

test('a login holds in all gateways while it is used, and an hour at most', async () => {
  const { clock, holder, here, there } = await openSessions();
  const begun = await here.begin(holder);
  expect(begun).toMatchObject({ endsAtSeconds: 1_003_600, idleEndsAtSeconds: 1_000_600 });
  for (let minute = 9; minute < 60; minute += 9) {
    clock.seconds = 1_000_000 + minute * 60;
    const used = await (minute % 2 === 0 ? here : there).use(begun.secret);
    expect([used.csrfToken, used.holder]).toEqual([begun.csrfToken, holder]);
  }
  clock.seconds = 1_003_599;
  expect(await there.isLive(begun.secret)).toBe(true);
  clock.seconds = 1_003_600;
  await expect(here.use(begun.secret)).rejects.toMatchObject(over);
});

test('a login ends where it is not used, and neither to look whether it lives nor a page without anybody is use', async () => {
  const { kit, clock, holder, here } = await openSessions();
  const { secret } = await here.begin(holder);
  clock.seconds += 599;
  expect(await here.isLive(secret)).toBe(true);
  expect((await here.use(secret, { isUnattended: true })).holder).toEqual(holder);
  clock.seconds += 1;
  expect(await here.isLive(secret)).toBe(false);
  await expect(here.use(secret)).rejects.toMatchObject(over);
  await here.sweep();
  expect(kit.told).toEqual([]);
});

test('a login ends at once in all gateways when it is logged out', async () => {
  const { holder, here, there } = await openSessions();
  const [one, other] = [await here.begin(holder), await here.begin(holder)];
  await there.end(one.secret);
  await expect(here.use(one.secret)).rejects.toMatchObject(over);
  expect((await there.use(other.secret)).holder).toEqual(holder);
});

test('a login ends with its key, and so does a link', async () => {
  const { kit, holder, here } = await openSessions();
  const { secret } = await here.begin(holder);
  const { code } = await here.newLink(holder, { seconds: 600 });
  await kit.keys.revoke(holder.keyId);
  const ended = { code: 'key_invalid', message: /^The key of this login was revoked/ };
  await expect(here.use(secret)).rejects.toMatchObject({ code: ended.code });
  expect(await here.isLive(secret)).toBe(false);
  await expect(here.redeem(code)).rejects.toThrow(ended.message);
});

test('a link logs in once, wherever it is opened, and within its time', async () => {
  const { clock, holder, here, there } = await openSessions();
  const link = await here.newLink(holder, { seconds: 600 });
  expect(link.endsAtSeconds).toBe(1_000_600);
  const opened = await Promise.allSettled([here.redeem(link.code), there.redeem(link.code)]);
  expect(opened.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const late = await here.newLink(holder, { seconds: 600 });
  const lasting = await here.newLink(holder, 'gateway');
  clock.seconds += 86_400;
  await expect(here.redeem(late.code)).rejects.toMatchObject({ code: 'key_invalid' });
  await expect(there.redeem(lasting.code)).rejects.toMatchObject({ code: 'key_invalid' });
  expect((await here.redeem(lasting.code)).holder).toEqual(holder);
});

test('the secrets of logins and links do not stand for one another', async () => {
  const { holder, here } = await openSessions();
  const { secret } = await here.begin(holder);
  const { code } = await here.newLink(holder, { seconds: 600 });
  await expect(here.redeem(secret)).rejects.toMatchObject({ code: 'key_invalid' });
  await expect(here.use(code)).rejects.toMatchObject(over);
  expect((await here.use(secret)).holder).toEqual(holder);
});

test('a login of this machine’s command line is known to its gateway alone', async () => {
  const { here, there } = await openSessions();
  const { code } = await here.newLink(localHolder, { seconds: 600 });
  await expect(there.redeem(code)).rejects.toMatchObject({ code: 'key_invalid' });
  const { secret } = await here.redeem(code);
  expect((await here.use(secret)).holder).toEqual(localHolder);
  await expect(there.use(secret)).rejects.toMatchObject(over);
});
