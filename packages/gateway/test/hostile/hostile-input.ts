import { afterAll, beforeAll, expect, test } from 'vitest';
import { conditionTargets } from './conditions.ts';
import { demoTargets } from './demo.ts';
import { frameTargets } from './frames.ts';
import { type HostileGateway, startHostileGateway } from './hostile-gateway.ts';
import { testTargets } from './hostile-tests.ts';
import { textTargets } from './module-texts.ts';
import { requestTargets } from './requests.ts';
import { settingTargets } from './settings.ts';
import { streamTargets } from './streams.ts';
import { workerTargets } from './worker-lines.ts';

/** Tries what reads texts, bytes and values of strangers, part by part. */
export function testReaders(form: 'day' | 'long'): void {
  testTargets('answers of upstreams', streamTargets, form);
  testTargets('frames between gateway and worker', frameTargets, form);
  testTargets('conditions of rules', conditionTargets, form);
  testTargets('files of modules', textTargets, form);
  testTargets('settings', settingTargets, form);
  testTargets('requests to the demo model', demoTargets, form);
}

/** Tries a gateway as a whole, with an agent that is hostile. */
export function testWholeGateway(form: 'day' | 'long'): void {
  let gateway: HostileGateway;
  beforeAll(async () => {
    gateway = await startHostileGateway();
  });
  afterAll(() => gateway?.stop());

  testTargets(
    'workers',
    workerTargets(() => gateway),
    form,
  );
  testTargets(
    'requests',
    requestTargets(() => gateway),
    form,
  );

  test('a request that expects what nobody knows is answered as any other', async () => {
    const { send } = gateway;
    const answer = await send('GET /healthz HTTP/1.1\r\nhost: x\r\nexpect: __proto__\r\n\r\n');
    expect(answer).toMatchObject({ status: 200 });
  });
}
