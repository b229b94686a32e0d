import { GatewayError } from '../../errors.ts';
import { sentenceOf } from '../tokens/verification-failures.ts';

/** The header in which Open WebUI signs for whom it asks. */
export const signedUserHeader = 'x-openwebui-user-jwt';

/** How much its clock and this one may differ. */
const CLOCK_SKEW_SECONDS = 30;

/** Its tokens have some 300 characters. */
const MAX_TOKEN_CHARS = 4096;

/**
 * The user id (`sub`) of a token of Open WebUI: HS256 with the operator's secret, issuer `open-webui`, five minutes long.
 * Form and names are those of Open WebUI 0.10 (`open_webui/utils/headers.py`, `FORWARD_USER_INFO_HEADER_JWT_SECRET`).
 *
 * @throws GatewayError `token_invalid` with the reason.
 */
export async function signedUser(
  token: string,
  { secret, nowSeconds }: { readonly secret: string; readonly nowSeconds: number },
): Promise<string> {
  if (token.length > MAX_TOKEN_CHARS) throw refusal('It is too long.');
  // Read with the first of them: most gateways never see one.
  const { jwtVerify } = await import('jose');
  try {
    const { payload } = await jwtVerify(token, Buffer.from(secret), {
      algorithms: ['HS256'],
      issuer: 'open-webui',
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: new Date(nowSeconds * 1000),
    });
    if (typeof payload.sub === 'string' && payload.sub.trim() !== '') return payload.sub;
  } catch (error) {
    throw refusal(sentenceOf(error));
  }
  throw refusal('Its subject (`sub`) is empty, so nobody can be known by it.');
}

function refusal(why: string): GatewayError {
  return new GatewayError(
    'token_invalid',
    `The user in ${signedUserHeader} is not believed. ${why} Look whether the secret in auth.users.open_webui is that of Open WebUI, and at the clocks of both.`,
    { param: signedUserHeader },
  );
}
