import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import {
  announceGateway,
  newLocalToken,
  readRunningGateway,
  withdrawGateway,
} from './running-gateway.ts';

const record = { pid: 4711, address: 'http://127.0.0.1:8080', token: 'dgl_x' };

test('tells where the gateway runs, to its owner only', async () => {
  const folder = join(await tempFolder(), '.dropgate');
  await announceGateway(folder, record);
  expect(await readRunningGateway(folder)).toEqual(record);
  expect((await stat(join(folder, 'gateway.json'))).mode & 0o777).toBe(0o600);
});

test('withdraws what it wrote itself and nothing else', async () => {
  const folder = await tempFolder();
  await announceGateway(folder, record);
  await withdrawGateway(folder, 1, () => true);
  expect(await readRunningGateway(folder)).toEqual(record);
  await withdrawGateway(folder, 4711, () => true);
  expect(await readRunningGateway(folder)).toBeNull();
});

test('names the one that still runs when the last of several is withdrawn', async () => {
  const folder = await tempFolder();
  await announceGateway(folder, record);
  await announceGateway(folder, { ...record, pid: 4712, address: 'http://127.0.0.1:8081' });
  await announceGateway(folder, { ...record, pid: 4713, address: 'http://127.0.0.1:8082' });
  const wasKilled = 4712;
  await withdrawGateway(folder, 4713, (pid) => pid !== wasKilled);
  expect(await readRunningGateway(folder)).toEqual(record);
  expect((await stat(join(folder, 'gateway.json'))).mode & 0o777).toBe(0o600);
  await withdrawGateway(folder, 4711, () => true);
  expect(await readRunningGateway(folder)).toBeNull();
});

test('takes a damaged file for none', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'gateway.json'), '{"pid":');
  expect(await readRunningGateway(folder)).toBeNull();
});

test('makes a token of its own each time', () => {
  expect(newLocalToken()).toMatch(/^dgl_[\w-]{43}$/);
  expect(newLocalToken()).not.toBe(newLocalToken());
});
