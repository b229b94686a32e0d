const mark = Symbol('dropgate.brokerFailure');

/** Marks an error as a failure of a call to the broker, whoever lets it pass on its way. */
export function brokerFailure<Failure extends Error>(error: Failure): Failure {
  return Object.defineProperty(error, mark, { value: true });
}

/** True for an error that `brokerFailure` has marked. */
export function isBrokerFailure(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && mark in thrown;
}
