import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { administration } from '../../src/http/routes.ts';
import { createFollowStore } from '../../src/policy/follow-store.ts';
import { createLivePolicy, type LivePolicy } from '../../src/policy/live-policy.ts';
import { createOverrides, type Overrides } from '../../src/policy/overrides.ts';
import type { SecuritySettings } from '../../src/policy/settings.ts';
import type { KeyPrincipal, KeyRecord, Question } from '../../src/protocol/policy.ts';
import { openStore } from '../../src/storage/open-store.ts';

/** Rules of one gateway over a store of its own in a folder. Two kits on one folder are two gateways. */
export type PolicyKit = {
  readonly policy: LivePolicy;
  readonly overrides: Overrides;
  readonly keys: KeyRecord[];
};

/** @param settings - Rules and defaults of namespaces; none without it. */
export async function openPolicy(
  folder: string,
  settings: Partial<Pick<SecuritySettings, 'rules' | 'namespaces'>> = {},
): Promise<PolicyKit> {
  const store = await openStore(`sqlite:${join(folder, 'gateway.db')}`);
  const nowSeconds = () => Date.now() / 1000;
  const followStore = createFollowStore({ store, steadyMs: Date.now, emit: () => undefined });
  const policy = createLivePolicy({
    settings: { rules: [], namespaces: {}, ...settings },
    administration,
    overrides: store.overrides,
    followStore,
    nowSeconds,
  });
  onTestFinished(async () => {
    policy.close();
    followStore.close();
    await store.close();
  });
  await policy.start();
  const keys: KeyRecord[] = [];
  const overrides = createOverrides({
    store: store.overrides,
    keys: () => keys,
    changed: policy.reload,
    nowSeconds,
  });
  return { policy, overrides, keys };
}

/** A key of a role as rules see it, without scopes unless some are given. */
export function keyPrincipal(
  role: KeyPrincipal['role'],
  changes: Partial<KeyPrincipal> = {},
): KeyPrincipal {
  const id = `key_${role}`;
  return { type: 'key', id, name: role, role, namespaces: null, agents: null, ...changes };
}

/** The question whether a caller may run an agent. */
export function mayRun(resource: string, principal = keyPrincipal('caller')): Question {
  return { principal, action: 'run_agent', resource };
}
