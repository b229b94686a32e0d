import type { Send } from './ask-agent.ts';
import type { Caller, CallerDeps } from './caller.ts';
import { eachOf } from './each-of.ts';
import { createSeeded } from './seeded.ts';
import { tellRefusal } from './tell-refusal.ts';
import type { Witness } from './witness.ts';

/** The agent that overrides keep keys from. */
const heldAgent = 'default/plaints';

/** More would only take longer to look at. */
const mostKeys = 24;

type Word = 'yes' | 'no' | 'unknown';

/** What an operator was told of a key; `unknown` where the answer to a change never came. */
type MadeKey = {
  readonly id: string;
  readonly key: string;
  works: Word;
  /** Whether an override keeps it from the agent. */
  held: Word;
  overrideId: string;
};

/** Makes and ends keys and overrides: what was acknowledged holds, before and after the gateway dies. */
export function createAdminCaller({ bench, send }: CallerDeps): Caller {
  const { witness, gateway } = bench;
  const keys: MadeKey[] = [];
  const changes = createChanges(send, { key: gateway.key, witness, keys });
  const look = (one: MadeKey) => lookAt(send, witness, one);
  return {
    who: 'admin',
    keyId: '',
    key: gateway.key,
    async step(count) {
      const seeded = createSeeded(count);
      const one = keys.length < 4 ? null : seeded.pick(keys);
      if (!one || (count % 3 === 0 && keys.length < mostKeys)) await changes.make();
      else if (one.works === 'yes' && seeded.between(1, 4) === 1) await changes.revoke(one);
      else if (one.held === 'yes') await changes.release(one);
      else if (one.works === 'yes' && one.held === 'no') await changes.hold(one);
      for (const key of keys.slice(-3))
        witness.wrongs.length < 50 && (await accuse(witness, look(key)));
      if (keys.length >= mostKeys) keys.splice(0, 4);
    },
    async check() {
      return (await eachOf(keys, look)).filter((wrong) => wrong !== null);
    },
  };
}

async function accuse(witness: Witness, wrong: Promise<string | null>): Promise<void> {
  const what = await wrong;
  if (what) witness.accuse(`admin: ${what}`);
}

/** What is not as the operator was told; null where all is, or where nobody can tell now. */
async function lookAt(send: Send, witness: Witness, one: MadeKey): Promise<string | null> {
  const fromMs = performance.now();
  const shown = await send('/v1/models', { key: one.key });
  if (shown.type === 'cut') return witness.wasDownSince(fromMs) ? null : `cut: ${shown.why}`;
  const { id, works, held } = one;
  if (shown.status === 401) return works === 'yes' ? `${id} works no more` : null;
  if (shown.status !== 200) {
    return witness.isDisturbedSince(fromMs) ? null : `${id} sees ${shown.status}`;
  }
  if (works === 'no') return `${id} was ended, and works`;
  const isSeen = shown.text.includes(`"${heldAgent}"`);
  if (held === 'yes' && isSeen) return `${id} sees an agent that it is kept from`;
  if (held === 'no' && !isSeen && !witness.isDisturbedSince(fromMs)) return `${id} sees no agent`;
  return null;
}

function createChanges(
  send: Send,
  {
    key,
    witness,
    keys,
  }: { readonly key: string; readonly witness: Witness; readonly keys: MadeKey[] },
) {
  /** What an acknowledged change answered; null of one that was not. */
  const change = async (method: string, path: string, body?: object) => {
    const fromMs = performance.now();
    const sent = await send(path, { key, method, ...(body && { body }) });
    if (sent.type === 'answer' && sent.status < 300) {
      witness.saw('admin', fromMs, { type: 'right' });
      return sent.text ? JSON.parse(sent.text) : {};
    }
    tellRefusal(witness, { who: 'admin', fromMs, sent });
    return null;
  };
  return {
    async make() {
      const made = await change('POST', '/security/keys', { role: 'caller' });
      if (made) keys.push({ id: made.id, key: made.key, works: 'yes', held: 'no', overrideId: '' });
    },
    async revoke(one: MadeKey) {
      one.works = 'unknown';
      if (await change('DELETE', `/security/keys/${one.id}`)) one.works = 'no';
    },
    async hold(one: MadeKey) {
      one.held = 'unknown';
      const rule = { principal: one.id, action: 'run_agent', resource: heldAgent, effect: 'deny' };
      const body = { ...rule, ttl_seconds: 86_400, reason: 'Faults.' };
      const made = await change('POST', '/security/override', body);
      if (!made) return;
      one.held = 'yes';
      one.overrideId = made.id;
    },
    async release(one: MadeKey) {
      one.held = 'unknown';
      if (await change('DELETE', `/security/overrides/${one.overrideId}`)) one.held = 'no';
    },
  };
}
