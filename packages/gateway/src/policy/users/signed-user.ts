import { createHmac, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../../errors.ts';

/** The header in which Open WebUI signs for whom it asks. */
export const signedUserHeader = 'x-openwebui-user-jwt';

/** How much its clock and this one may differ. */
const CLOCK_SKEW_SECONDS = 30;

/** Its tokens have some 300 characters. */
const MAX_TOKEN_CHARS = 4096;

/**
 * The user id (`sub`) of a token of Open WebUI: HS256 with the operator's secret, issuer `open-webui`, five minutes long.
 * Form and names are those of Open WebUI 0.10 (`open_webui/utils/headers.py`, `FORWARD_USER_INFO_HEADER_JWT_SECRET`).
 * Each of its requests has a new one, and the library that reads other tokens takes 90 µs for it, 8 % of a run; this takes
 * a tenth of that, for this one form alone.
 *
 * @throws GatewayError `token_invalid` with the reason.
 */
export function signedUser(
  token: string,
  { secret, nowSeconds }: { readonly secret: string; readonly nowSeconds: number },
): string {
  const [header = '', claims = '', signature = '', ...more] =
    token.length > MAX_TOKEN_CHARS ? [] : token.split('.');
  if (signature === '' || more.length > 0) throw refusal('It has not the form of a token.');
  const made = createHmac('sha256', secret).update(`${header}.${claims}`).digest();
  const given = Buffer.from(signature, 'base64url');
  const { alg, crit } = partOf(header);
  if (alg !== 'HS256' || crit !== undefined) throw refusal('It is not signed with HS256 alone.');
  // Letters that mean nothing in base64 are none of a signature.
  const isWhole = given.toString('base64url') === signature;
  if (!isWhole || given.length !== made.length || !timingSafeEqual(given, made)) {
    throw refusal('Its signature is not good.');
  }
  return userOf(partOf(claims), nowSeconds);
}

function userOf({ iss, sub, exp, nbf }: Part, nowSeconds: number): string {
  if (iss !== 'open-webui') throw refusal('It is not of Open WebUI (`iss`).');
  if (typeof exp !== 'number') throw refusal('It has no expiry (`exp`).');
  if (exp <= nowSeconds - CLOCK_SKEW_SECONDS) throw refusal('It has expired.');
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= nowSeconds + CLOCK_SKEW_SECONDS)) {
    throw refusal('It is not valid yet.');
  }
  if (typeof sub === 'string' && sub.trim() !== '') return sub;
  throw refusal('It has no subject (`sub`), so nobody can be known by it.');
}

type Part = Readonly<Record<string, unknown>>;

function partOf(text: string): Part {
  try {
    const part: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof part === 'object' && part !== null) return part as Part;
  } catch {
    // Told below.
  }
  throw refusal('It has not the form of a token.');
}

function refusal(why: string): GatewayError {
  return new GatewayError(
    'token_invalid',
    `The user in ${signedUserHeader} is not believed. ${why} Look whether the secret in auth.users.open_webui is that of Open WebUI, and at the clocks of both.`,
    { param: signedUserHeader },
  );
}
