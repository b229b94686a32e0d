import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../test/acceptance/until.ts';
import { keyPrincipal, mayRun, openPolicy } from '../../test/support/policy-kit.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { Rule } from '../protocol/policy.ts';
import type { NewOverride } from '../protocol/security/preview-types.ts';
import type { LivePolicy } from './live-policy.ts';
import { decide } from './rules/decide.ts';

const admin = { id: 'key_admin', principal: keyPrincipal('admin') };

const deny: NewOverride = {
  principal: '*',
  action: 'run_agent',
  resource: 'labs/*',
  effect: 'deny',
  ttlSeconds: 60,
  reason: 'Broken.',
  breakGlass: false,
};

const hides: Rule = {
  id: 'hides',
  effect: 'deny',
  action: 'run_agent',
  principals: ['*'],
  resources: ['labs/*'],
  tier: 3,
  source: 'config',
};

function answer(policy: LivePolicy) {
  const { answer: given, rule } = decide(policy.current(), mayRun('labs/x'), Date.now() / 1000);
  return `${given} ${rule?.source}`;
}

describe('the rules that hold now', () => {
  test('are the built-in ones, those of the settings and the overrides, in order', async () => {
    const { policy, overrides } = await openPolicy(await tempFolder(), {
      rules: [hides],
      namespaces: { labs: { runAgents: 'allow' } },
    });
    await overrides.create(admin, { ...deny, effect: 'allow', breakGlass: true });
    const of = policy.current().rules.filter(({ action }) => action === 'run_agent');
    expect(of.map(({ tier, source, effect }) => `${tier} ${source} ${effect}`)).toEqual([
      '2 override allow',
      '3 config deny',
      '6 namespace allow',
      '7 built_in allow',
    ]);
  });

  test('hold an override as soon as it is made, and until it is revoked', async () => {
    const { policy, overrides } = await openPolicy(await tempFolder());
    const heard = vi.fn();
    policy.onChange(heard);
    const { id } = await overrides.create(admin, deny);
    expect(answer(policy)).toBe('deny override');
    expect(heard).toHaveBeenCalled();
    await overrides.revoke(admin, id);
    expect(answer(policy)).toBe('allow built_in');
  });

  test('hold an override of another gateway, and one of before a start', async () => {
    const folder = await tempFolder();
    const [here, there] = [await openPolicy(folder), await openPolicy(folder)];
    const { id } = await there.overrides.create(admin, deny);
    await until('the override', () => answer(here.policy) === 'deny override');
    const later = await openPolicy(folder);
    expect(answer(later.policy)).toBe('deny override');
    await here.overrides.revoke(admin, id);
    await until('its end', () => answer(there.policy) === 'allow built_in');
  });

  test('say that an override has expired, and drop it', async () => {
    const { policy, overrides } = await openPolicy(await tempFolder());
    const made = await overrides.create(admin, { ...deny, ttlSeconds: 1 });
    const heard = vi.fn(() =>
      expect(Date.now() / 1000).toBeGreaterThanOrEqual(made.expiresAtSeconds),
    );
    policy.onChange(heard);
    await until('the expiry', () => heard.mock.calls.length > 0);
    expect(answer(policy)).toBe('allow built_in');
    expect(policy.current().rules.some(({ source }) => source === 'override')).toBe(false);
  });

  test('say that a rule of the settings has expired', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const expiresAtSeconds = Date.now() / 1000 + 0.3;
    const { policy } = await openPolicy(await tempFolder(), {
      rules: [{ ...hides, expiresAtSeconds }],
    });
    const heard = vi.fn();
    policy.onChange(heard);
    vi.advanceTimersByTime(299);
    expect(answer(policy)).toBe('deny config');
    expect(heard).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(heard).toHaveBeenCalled();
    expect(answer(policy)).toBe('allow built_in');
  });

  test('follow new settings, and keep the overrides', async () => {
    const { policy, overrides } = await openPolicy(await tempFolder());
    await overrides.create(admin, { ...deny, resource: 'other/*' });
    const heard = vi.fn();
    const stop = policy.onChange(heard);
    policy.replace({ rules: [hides], namespaces: {} });
    expect(answer(policy)).toBe('deny config');
    expect(heard).toHaveBeenCalledTimes(1);
    policy.replace({ rules: [hides], namespaces: {} });
    expect(heard).toHaveBeenCalledTimes(1);
    stop();
    policy.replace({ rules: [], namespaces: {} });
    expect(heard).toHaveBeenCalledTimes(1);
    expect(policy.current().rules[0]?.source).toBe('override');
  });

  test('stay as they were, all of them, where a new one is wrong', async () => {
    const { policy } = await openPolicy(await tempFolder(), { rules: [hides] });
    const before = policy.current();
    const wrong = { ...hides, id: 'wrong', when: 'nobody' };
    const replace = () => policy.replace({ rules: [wrong], namespaces: {} });
    expect(replace).toThrow('Unknown variable: nobody.');
    expect(policy.current()).toBe(before);
    expect(replace).toThrow('Unknown variable: nobody.');
  });
});
