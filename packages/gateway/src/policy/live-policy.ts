import type { PolicyPart } from '../protocol/events/policy-events.ts';
import type { OverrideRecord, Rule } from '../protocol/policy.ts';
import type { OverrideStore } from '../protocol/store.ts';
import type { FollowStore } from './follow-store.ts';
import type { Administration } from './rules/administration.ts';
import { builtInRules } from './rules/built-in.ts';
import { createCeiling } from './rules/key-ceiling.ts';
import { namespaceRules } from './rules/namespaces.ts';
import { overrideRule } from './rules/override-rule.ts';
import { joinRules, type PreparedRule, prepareRules, type RuleSet } from './rules/rule-set.ts';
import type { SecuritySettings } from './settings.ts';

export type LivePolicyDeps = {
  /** What the settings say at first. */
  readonly settings: RuleSettings;
  /** What is administered here. */
  readonly administration: Administration;
  readonly overrides: Pick<OverrideStore, 'list'>;
  readonly followStore: Pick<FollowStore, 'follow'>;
  readonly nowSeconds: () => number;
};

type RuleSettings = Pick<SecuritySettings, 'rules' | 'namespaces'>;

/** The rules that hold now: those of the settings, the overrides of the store, the built-in ones. */
export type LivePolicy = {
  /** Loads the overrides and begins to follow the store; rejects where it cannot be read. */
  readonly start: () => Promise<void>;
  readonly current: () => RuleSet;
  /**
   * Takes the rules of new settings in place of the old ones.
   *
   * @throws RuleError where one is wrong; then nothing has changed.
   */
  readonly replace: (settings: RuleSettings) => void;
  /** Reads the overrides again, after a change made here. */
  readonly reload: () => Promise<void>;
  /** Calls back after rules or overrides changed, or one expired. @returns Stops it. */
  readonly onChange: (listener: (part: PolicyPart) => void) => () => void;
  readonly close: () => void;
};

/** @throws RuleError where a rule of the settings is wrong. */
export function createLivePolicy(deps: LivePolicyDeps): LivePolicy {
  const { overrides, followStore, nowSeconds } = deps;
  const ceiling = createCeiling(deps.administration);
  const builtIn = prepareRules(builtInRules(deps.administration));
  const listeners = new Set<(part: PolicyPart) => void>();
  let configured = prepareSettings(deps.settings);
  let configuredText = textOf(deps.settings);
  let active: readonly OverrideRecord[] = [];
  let current = joinRules([...configured, ...builtIn], ceiling);

  const renew = (part: PolicyPart) => {
    active = active.filter(({ expiresAtSeconds }) => nowSeconds() < expiresAtSeconds);
    const overriding = prepareRules(active.map(overrideRule));
    current = joinRules([...configured, ...builtIn, ...overriding], ceiling);
    expiry.await(current.rules);
    for (const listener of listeners) listener(part);
  };
  const expiry = createExpiryTimer(nowSeconds, () => renew('overrides'));
  const read = async () => {
    active = await overrides.list({ activeAtSeconds: Math.floor(nowSeconds()) });
    renew('overrides');
  };
  let reload = read;

  return {
    async start() {
      reload = await followStore.follow('overrides', read);
    },
    current: () => current,
    replace(settings) {
      const text = textOf(settings);
      if (text === configuredText) return;
      configured = prepareSettings(settings);
      configuredText = text;
      renew('rules');
    },
    reload: () => reload(),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: expiry.close,
  };
}

function prepareSettings({ rules, namespaces }: RuleSettings): readonly PreparedRule[] {
  return prepareRules([...rules, ...namespaceRules(namespaces)]);
}

function textOf({ rules, namespaces }: RuleSettings): string {
  return JSON.stringify([rules, namespaces]);
}

/** The clock may be set while a timer runs, so none runs for long. */
const LONGEST_WAIT_MS = 60_000;

/** Calls back when the next of some rules has expired. */
function createExpiryTimer(nowSeconds: () => number, onExpiry: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const waitFor = (atSeconds: number) => {
    clearTimeout(timer);
    if (isClosed || atSeconds === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.ceil((atSeconds - nowSeconds()) * 1000);
    // A timer may come a little early; then it waits once more.
    const onTime = () => (nowSeconds() < atSeconds ? waitFor(atSeconds) : onExpiry());
    timer = setTimeout(onTime, Math.min(LONGEST_WAIT_MS, leftMs)).unref();
  };

  return {
    await(rules: readonly Pick<Rule, 'expiresAtSeconds'>[]) {
      const now = nowSeconds();
      const ahead = rules.flatMap(({ expiresAtSeconds: at }) => (at && now < at ? [at] : []));
      waitFor(Math.min(...ahead));
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
