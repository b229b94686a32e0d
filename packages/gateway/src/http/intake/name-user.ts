import type { FastifyRequest } from 'fastify';
import type { NameUsers, NamingBody } from '../../policy/users/name-users.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { RunInput } from '../../protocol/run.ts';
import type { HttpDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';
import { callerOf } from '../route.ts';
import { headerValues } from './header-values.ts';
import { limitUser } from './limit-request.ts';

/**
 * The caller with the user whom its headers name, where its key forwards its users.
 *
 * @throws GatewayError as `NameUsers.inHeaders`.
 */
export function withUser(users: NameUsers, request: FastifyRequest, caller: Caller): Caller {
  if (!caller.forwardsUsers) return caller;
  const user = users.inHeaders(caller.keyId, valuesIn(request));
  return user ? { ...caller, user } : caller;
}

/**
 * The same with the user whom a body names, whose request is counted then.
 *
 * @throws GatewayError `invalid_value`, `rate_limited`.
 */
export async function nameInBody(
  deps: HttpDeps,
  exchange: Exchange,
  body: NamingBody,
): Promise<void> {
  const { request } = exchange;
  const caller = callerOf(request);
  if (!caller.forwardsUsers || caller.user) return;
  const user = deps.users.inBody(caller, body);
  if (!user) return;
  request.caller = { ...caller, user };
  deps.limits.checkRun(request.caller);
  await limitUser(deps, exchange, request.caller);
}

/** The input of a run: of a key that forwards its users `user` is the one whom it is for, and nobody’s word. */
export function inputFor({ forwardsUsers, user }: Caller, input: RunInput): RunInput {
  if (!forwardsUsers) return input;
  const { user: _, ...rest } = input;
  return user ? { ...rest, user: user.id } : rest;
}

/** Headers of a request that name a user and that are not heard, since its key may not say so. */
export function unheardUsers({ users }: HttpDeps, request: FastifyRequest): readonly string[] {
  return users.unheard(callerOf(request), valuesIn(request));
}

function valuesIn({ raw }: FastifyRequest) {
  return (name: string) => headerValues(raw, name);
}
