/** What came of one look at the machine or the project. */
export type HealthCheck = {
  /** What was looked at, in a word or two. */
  readonly name: string;
  /** `fail` keeps the gateway from serving as it is set; `warn` costs something that may not be wanted. */
  readonly state: 'ok' | 'warn' | 'fail';
  /** What was found, as a sentence or a value. */
  readonly found: string;
  /** What to do; null where there is nothing. */
  readonly fix: string | null;
};

/** It is as it should be. */
export function ok(name: string, found: string): HealthCheck {
  return { name, state: 'ok', found, fix: null };
}

/** Something does without, or is at its limit soon. */
export function warn(name: string, found: string, fix: string): HealthCheck {
  return { name, state: 'warn', found, fix };
}

/** The gateway does not start like this, or serves nobody. */
export function fail(name: string, found: string, fix: string): HealthCheck {
  return { name, state: 'fail', found, fix };
}
