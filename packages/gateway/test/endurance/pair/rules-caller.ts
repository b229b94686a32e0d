import { setTimeout as wait } from 'node:timers/promises';
import type { Caller } from '../faults/caller.ts';
import { eachOf } from '../faults/each-of.ts';
import { tellRefusal } from '../faults/tell-refusal.ts';
import type { GatewayPair } from './gateway-pair.ts';

/** The guide promises a second; the rest is for a machine with other work, and for asking. What it took is printed. */
const heldWithinMs = 3000;

const askEveryMs = 25;

const agent = 'default/plaints';

/** How long changes took until both gateways held them. */
export type HeldAfter = { readonly what: string; readonly ms: number };

type Change = { readonly what: string; readonly request: readonly [string, string, object?] };

/**
 * Makes and ends keys and overrides at one gateway or the other: each acknowledged change holds on both in time, and
 * goes on to hold.
 *
 * @param isThere - Whether a gateway is meant to answer.
 */
export function createRulesCaller(
  { bench, direct }: Pick<GatewayPair, 'bench' | 'direct'>,
  isThere: (index: number) => boolean,
): Caller & { readonly heldAfter: readonly HeldAfter[] } {
  const { witness, gateway } = bench;
  const heldAfter: HeldAfter[] = [];
  const ended: string[] = [];

  const change = async (wanted: number, { request: [method, path, body] }: Change) => {
    // One that is there by now.
    const at = isThere(wanted) ? wanted : 1 - wanted;
    const fromMs = performance.now();
    const to = { key: gateway.key, method, ...(body && { body }) };
    const sent = await (direct[at] ?? direct[0])(path, to);
    if (sent.type === 'answer' && sent.status < 300) {
      witness.saw('rules', fromMs, { type: 'right' });
      return sent.text ? JSON.parse(sent.text) : {};
    }
    tellRefusal(witness, { who: 'rules', fromMs, sent });
    return null;
  };

  const seenBy = async (at: number, key: string): Promise<'all' | 'less' | 'nothing' | null> => {
    const shown = await (direct[at] ?? direct[0])('/v1/models', { key });
    if (shown.type === 'cut') return null;
    if (shown.status === 401) return 'nothing';
    return shown.status === 200 ? (shown.text.includes(`"${agent}"`) ? 'all' : 'less') : null;
  };

  /** Waits until every gateway that is there sees it so. */
  const untilHeld = async (what: string, key: string, wanted: 'all' | 'less' | 'nothing') => {
    const fromMs = performance.now();
    for (const at of [0, 1]) {
      let seen = await seenBy(at, key);
      while (seen !== wanted && isThere(at)) {
        await wait(askEveryMs);
        seen = await seenBy(at, key);
      }
    }
    const ms = performance.now() - fromMs;
    heldAfter.push({ what, ms });
    if (ms > heldWithinMs && !witness.isDisturbedSince(fromMs)) {
      witness.accuse(`rules: ${what} held after ${Math.round(ms)} ms`);
    }
  };

  return {
    who: 'rules',
    keyId: '',
    key: gateway.key,
    heldAfter,
    async step(count) {
      const at = count % 2;
      const making: Change = {
        what: 'a key',
        request: ['POST', '/security/keys', { role: 'caller' }],
      };
      const made = await change(at, making);
      if (!made) return;
      await untilHeld('a key', made.key, 'all');
      const rule = { principal: made.id, action: 'run_agent', resource: agent, effect: 'deny' };
      const body = { ...rule, ttl_seconds: 3600, reason: 'Faults.' };
      const held = await change(at, {
        what: 'an override',
        request: ['POST', '/security/override', body],
      });
      if (held) await untilHeld('an override', made.key, 'less');
      const path = `/security/keys/${made.id}`;
      const gone = await change(at, { what: 'an end', request: ['DELETE', path] });
      if (!gone) return;
      await untilHeld('the end of a key', made.key, 'nothing');
      ended.push(made.key);
    },
    async check() {
      const both = ended.flatMap((key) => [0, 1].map((at) => ({ at, key })));
      const seen = await eachOf(both, ({ at, key }) => seenBy(at, key));
      const wrong = seen.filter((one) => one !== 'nothing');
      return wrong.map((one) => `a key that was ended sees ${one}`);
    },
  };
}
