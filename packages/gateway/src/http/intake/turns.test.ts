import { expect, onTestFinished, test } from 'vitest';
import { asAdmin, fakeGateway } from '../../../test/support/http-fakes.ts';
import { sendRaw, serve } from '../../../test/support/http-server.ts';
import { createTurns } from './turns.ts';

test('one begins in each turn of the event loop, the keys one after the other', async () => {
  const takeTurn = createTurns();
  const begun: string[] = [];
  const all = ['a', 'a', 'a', 'b', 'c'].map((keyId) =>
    takeTurn(keyId).then(() => begun.push(keyId)),
  );
  await new Promise(setImmediate);
  expect(begun).toEqual(['a']);
  await Promise.all(all);
  expect(begun).toEqual(['a', 'b', 'c', 'a', 'a']);
});

test('lists that are asked for at once are made with the other work in between', async () => {
  const madeIn: number[] = [];
  let turn = 0;
  const count = () => {
    turn += 1;
    ticking = setImmediate(count);
  };
  let ticking = setImmediate(count);
  onTestFinished(() => clearImmediate(ticking));
  const gateway = fakeGateway();
  const list = async () => {
    madeIn.push(turn);
    return { runs: [], next: null };
  };
  const runs = { ...gateway.admin.runs, list };
  await using server = await serve({ ...gateway, admin: { ...gateway.admin, runs } });
  const ask = (more = '') =>
    `GET /admin/runs HTTP/1.1\r\nhost: x\r\nauthorization: ${asAdmin.authorization}\r\n${more}\r\n`;
  const answers = await sendRaw(server.url, ask().repeat(99) + ask('connection: close\r\n'));
  expect(answers.match(/HTTP\/1.1 200/g)).toHaveLength(100);
  expect(new Set(madeIn).size).toBe(100);
});
