import type { NewKey } from '../../../api/keys.ts';
import { text } from '../../../strings/text.ts';
import { limitNames, runLimitNames } from '../key-words.ts';

const names = text.keys.form;
const dayMs = 86_400_000;

/** A key as it is written. */
export type KeyDraft = {
  readonly name: string;
  readonly role: NewKey['role'];
  /** With commas between. */
  readonly namespaces: string;
  readonly agents: string;
  /** Days from now, `never`, or `date`, and then `date` says when. */
  readonly expiry: keyof typeof names.expiries;
  /** Local, as `datetime-local` has it. */
  readonly date: string;
  readonly forwardsUsers: boolean;
  readonly limits: Readonly<Record<string, string>>;
  readonly runLimits: Readonly<Record<string, string>>;
};

/** What the form begins with. */
export const emptyKey: KeyDraft = {
  name: '',
  role: 'caller',
  namespaces: '',
  agents: '',
  expiry: 'never',
  date: '',
  forwardsUsers: false,
  limits: {},
  runLimits: {},
};

/** What is wrong with a key that is written, by field. */
export function faultsOfKey(draft: KeyDraft): Readonly<Record<string, string>> {
  const numbers = { ...draft.limits, ...draft.runLimits };
  const wrong = Object.entries(numbers).filter(
    ([, written]) => written.trim() !== '' && !(Number(written) >= 0),
  );
  return {
    ...(draft.name.trim() === '' ? { name: names.needName } : {}),
    ...(draft.expiry === 'date' && !(Date.parse(draft.date) > Date.now())
      ? { date: names.needDate }
      : {}),
    ...Object.fromEntries(wrong.map(([name]) => [name, names.needNumber])),
  };
}

/** The same as the gateway takes it. */
export function toNewKey(draft: KeyDraft): NewKey {
  const namespaces = listed(draft.namespaces);
  const agents = listed(draft.agents);
  const runLimits = numbers(draft.runLimits, runLimitNames);
  return {
    name: draft.name.trim(),
    role: draft.role,
    ...(namespaces.length > 0 ? { namespaces } : {}),
    ...(agents.length > 0 ? { agents } : {}),
    limits: numbers(draft.limits, limitNames),
    ...(Object.keys(runLimits).length > 0 ? { run_limits: runLimits } : {}),
    ...(draft.forwardsUsers ? { forwards_users: true } : {}),
    ...(draft.expiry === 'never' ? {} : { expires_at: expiryOf(draft) }),
  };
}

function expiryOf({ expiry, date }: KeyDraft): string {
  const atMs = expiry === 'date' ? Date.parse(date) : Date.now() + Number(expiry) * dayMs;
  return new Date(atMs).toISOString();
}

function listed(written: string): string[] {
  return written
    .split(/[,\s]+/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function numbers<Name extends string>(
  written: Readonly<Record<string, string>>,
  of: readonly Name[],
): { [Each in Name]?: number } {
  const given = of.flatMap((name) => {
    const value = written[name]?.trim() ?? '';
    return value === '' ? [] : [[name, Number(value)] as const];
  });
  return Object.fromEntries(given) as { [Each in Name]?: number };
}
