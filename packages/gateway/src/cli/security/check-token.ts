import type { Config } from '../../config/config.ts';
import { createReadKeySet } from '../../policy/tokens/read-key-set.ts';
import { createTokens } from '../../policy/tokens/tokens.ts';
import type { KeyHolder, KeyLimits } from '../../protocol/policy.ts';
import { createSafeFetch } from '../../tools/outbound/safe-fetch.ts';
import { CommandError, exitCodes } from '../command.ts';
import { nowSeconds } from './with-store.ts';

/** Who holds a token, and the limits that its issuer gives. */
export type CheckedToken = { readonly holder: KeyHolder; readonly limits: KeyLimits };

/**
 * Checks a token as the gateway does, by the settings as they are on disk and the keys that its issuer has now.
 *
 * @throws GatewayError `token_invalid`, `not_allowed` or `identity_unavailable`, with what was found as its detail.
 * @throws CommandError where the settings know no issuer.
 */
export async function checkToken(config: Config, token: string): Promise<CheckedToken> {
  if (config.issuers.length === 0) {
    throw new CommandError(
      'This is no API key, and gateway.yaml names no issuer of tokens: see `auth.jwt` in docs/configuration.md.',
      exitCodes.foundProblems,
    );
  }
  const outbound = createSafeFetch({ environment: config.environment });
  const tokens = createTokens({
    issuers: config.issuers,
    read: createReadKeySet(outbound.fetch),
    nowSeconds,
    emit: () => undefined,
  });
  try {
    const holder = await tokens.authenticate(token);
    if (!holder) throw new CommandError('This is neither an API key nor a token.');
    return { holder, limits: tokens.limitsOf(holder.keyId) };
  } finally {
    await outbound.close();
  }
}
