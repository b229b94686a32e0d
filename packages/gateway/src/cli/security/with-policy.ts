import { administration } from '../../http/routes.ts';
import { isUsable } from '../../policy/keys/known-keys.ts';
import { createLivePolicy } from '../../policy/live-policy.ts';
import { createOverrides, type Overrides } from '../../policy/overrides.ts';
import { type KnownAgent, knownAgent } from '../../policy/review/known-agent.ts';
import type { RuleSet } from '../../policy/rules/rule-set.ts';
import type { KeyRecord } from '../../protocol/policy.ts';
import type { Store } from '../../protocol/store.ts';
import type { CommandContext } from '../command.ts';
import { nowSeconds, type OpenedStore, withStore } from './with-store.ts';

/** The rules of a project: those of its settings as they are on disk now, and the overrides of its store. */
export type OpenedPolicy = OpenedStore & {
  readonly rules: RuleSet;
  readonly overrides: Overrides;
};

/** Opens the store and reads the rules, and closes the store when the work ends. */
export function withPolicy<Result>(
  context: CommandContext,
  work: (opened: OpenedPolicy) => Promise<Result>,
): Promise<Result> {
  return withStore(context, async (opened) => {
    const { store, config } = opened;
    const live = createLivePolicy({
      settings: config.security,
      administration,
      overrides: store.overrides,
      followStore: { follow: readOnce },
      nowSeconds,
    });
    try {
      await live.start();
      const overrides = createOverrides({
        store: store.overrides,
        keys: () => store.keys.list(),
        changed: async () => {},
        nowSeconds,
      });
      return await work({ ...opened, rules: live.current(), overrides });
    } finally {
      live.close();
    }
  });
}

/** The agents that loaded when a gateway last looked, with their tools. */
export async function knownAgentsOf({
  generations,
}: Pick<Store, 'generations'>): Promise<readonly KnownAgent[]> {
  // Of each agent the one that it serves, which is put last.
  const served = new Map((await generations.list()).map((each) => [each.agentId, each]));
  return Array.from(served.values(), ({ agentId, modulePath, manifest }) =>
    knownAgent(agentId, modulePath, manifest),
  );
}

/** The keys that can be used now. */
export async function usableKeysOf({ keys }: Pick<Store, 'keys'>): Promise<readonly KeyRecord[]> {
  return (await keys.list()).filter((key) => isUsable(key, nowSeconds()));
}

/** A command ends before anything could change that it would have to follow. */
async function readOnce(_part: string, read: () => Promise<void>): Promise<() => Promise<void>> {
  await read();
  return read;
}
