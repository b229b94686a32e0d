/** What the ids of callers with a token begin with: `oidc:<name of the issuer>:<subject>`. No key has such an id or name. */
export const tokenPrefix = 'oidc:';

/** Whether an id, or a pattern of a rule, is of callers with a token. */
export function isOfTokens(text: string): boolean {
  return text.startsWith(tokenPrefix);
}

/** Most characters of a token; those of identity providers have one or two thousand. */
export const maxTokenChars = 8192;

/** Whether a secret has the parts of a token. No key has a period. */
export function isTokenLike(secret: string): boolean {
  return secret.includes('.');
}
