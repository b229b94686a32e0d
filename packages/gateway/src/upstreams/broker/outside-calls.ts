import { GatewayError } from '../../errors.ts';
import type { OutsideCalls } from '../../protocol/policy.ts';
import type { LiveCall } from './grants.ts';

/** A call as it is booked: outside of runs on the key whose runs its worker has had, where the settings say so. */
export function bookedCall(call: LiveCall, outsideCalls: OutsideCalls): LiveCall {
  const [only, ...others] = call.possibleKeyIds;
  if (!call.isOutside || outsideCalls !== 'charge') return call;
  return only === undefined || others.length > 0 ? call : { ...call, keyId: only };
}

/**
 * Refuses a call that nobody can be charged for and that may have to be.
 *
 * @throws GatewayError `not_allowed` outside of runs; `invalid_request` where it may be of several live runs: whose tokens
 *   it uses must be known.
 */
export function refuseUnbooked(
  { keyId, possibleKeyIds, possibleUser, isOutside }: LiveCall,
  outsideCalls: OutsideCalls,
  hasBudget: (keyId: string) => boolean,
): void {
  const mayBeOfUser = possibleUser !== null && hasBudget(possibleUser);
  if (keyId !== null && (isOutside || !mayBeOfUser)) return;
  if (isOutside && outsideCalls === 'allow') return;
  if (isOutside && outsideCalls === 'refuse') throw outsideCall('all of these');
  if (!mayBeOfUser && !possibleKeyIds.some(hasBudget)) return;
  throw isOutside
    ? outsideCall('these once its process has had runs of keys with a budget')
    : nobodysCall();
}

/**
 * Refuses a call that no run counts and that may be of one with limits: of which of several live ones cannot be told, or
 * of one that is over, which would go on beyond its limits.
 *
 * @throws GatewayError `invalid_request`, `not_allowed` outside of runs.
 */
export function refuseUncounted(
  { runId, isOutside }: LiveCall,
  outsideCalls: OutsideCalls,
  { isLimited, wasLimited }: { readonly isLimited: boolean; readonly wasLimited: boolean },
): void {
  if (isOutside && wasLimited && outsideCalls === 'refuse_budgeted') {
    throw outsideCall('these once the agent has had runs with limits of their model calls');
  }
  if (runId !== null || isOutside || !isLimited) return;
  throw new GatewayError(
    'invalid_request',
    'It cannot be told which of several runs this call belongs to, and one of them has limits of its model calls. Make calls with the client that the SDK is given, or with fetch.',
  );
}

function outsideCall(refused: string): GatewayError {
  return new GatewayError(
    'not_allowed',
    `The agent makes this call while it has no run, and the gateway refuses ${refused}: make it in a run, or have the operator set security.calls_outside_runs.`,
  );
}

function nobodysCall(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'It cannot be told which of several runs this call belongs to, and one of them has a budget. Make calls with the client that the SDK is given, or with fetch.',
  );
}
