import { describe, expect, test } from 'vitest';
import { openKeys } from '../../../test/support/keys-kit.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

const admin = { name: 'alice', role: 'admin', createdBy: 'cli:test' } as const;

describe('keys of another process', () => {
  test('work, and end, without a restart', async () => {
    const folder = await tempFolder();
    const here = await openKeys(folder);
    await here.known.start();
    const there = await openKeys(folder);
    const { record, secret } = await there.keys.create(admin);
    const known = () => here.known.authenticate(secret)?.id ?? null;
    await expect.poll(known).toBe(record.id);
    await there.keys.revoke(record.id);
    await expect.poll(known).toBeNull();
  });

  test('that are there at the start work at once', async () => {
    const folder = await tempFolder();
    const { secret } = await (await openKeys(folder)).keys.create(admin);
    const { known } = await openKeys(folder);
    expect(known.authenticate(secret)).toBeNull();
    await known.start();
    expect(known.authenticate(secret)?.name).toBe('alice');
  });
});

describe('a store that is away', () => {
  test('leaves known keys working for the grace, and after it none is told from another', async () => {
    const clock = { seconds: 1_000_000 };
    const { keys, known, told, setAway } = await openKeys(await tempFolder(), clock);
    await known.start();
    const { secret } = await keys.create(admin);
    setAway(true);
    await expect.poll(() => told).toHaveLength(1);
    clock.seconds += 300;
    expect(known.authenticate(secret)?.name).toBe('alice');
    expect(known.authenticate('dg_wrong')).toBeNull();
    clock.seconds += 1;
    const away = expect.objectContaining({ code: 'store_unavailable' });
    expect(() => known.authenticate(secret)).toThrow(away);
    expect(() => known.authenticate('dg_wrong')).toThrow(away);
    setAway(false);
    const again = () => {
      try {
        return known.authenticate(secret)?.name;
      } catch {
        return null;
      }
    };
    await expect.poll(again).toBe('alice');
    expect(told).toMatchObject([{ type: 'fault_survived', where: 'following the store' }]);
  });

  test('stops the start', async () => {
    const { known, setAway } = await openKeys(await tempFolder());
    setAway(true);
    await expect(known.start()).rejects.toThrow('The store is away.');
  });
});
