import type { Role } from '../../protocol/policy.ts';

/** What of an issuer a schema alone cannot tell to be wrong. */
type Checked = {
  readonly url: string | undefined;
  readonly file: string | undefined;
  readonly allowAddresses: readonly string[];
  /** The role that tokens are given whatever they claim. */
  readonly ofAll: Role | undefined;
};

type Problem = { readonly path: readonly string[]; readonly message: string };

/** What is wrong with an issuer, each with its place in the entry and the remedy. */
export function issuerProblems({ url, file, allowAddresses, ofAll }: Checked): Problem[] {
  return [
    ...sourceProblems(url, file),
    ...plainProblems(url, allowAddresses),
    ...(ofAll === 'admin' ? [everybodyAdmin] : []),
  ];
}

const everybodyAdmin: Problem = {
  path: ['role'],
  message:
    'This would make an admin of everybody who can get a token. Map a value of a claim to it: { claim: groups, map: { gateway-admins: admin }, default: caller }.',
};

function sourceProblems(url: string | undefined, file: string | undefined): Problem[] {
  if (url === undefined && file === undefined) {
    const message = 'This issuer has no keys. Set jwks_url, or jwks_file.';
    return [{ path: [], message }];
  }
  if (url === undefined || file === undefined) return [];
  return [{ path: ['jwks_file'], message: 'This issuer has a jwks_url, too. Remove one of both.' }];
}

/** Whoever can change keys on their way can make tokens. */
function plainProblems(url: string | undefined, allowAddresses: readonly string[]): Problem[] {
  const parsed = url === undefined ? null : URL.parse(url);
  if (parsed?.protocol !== 'http:' || isLoopback(parsed.hostname) || allowAddresses.length > 0) {
    return [];
  }
  const message =
    'Keys that come over http:// can be changed on their way. Use https://, or name the private network that they come from in allow_addresses.';
  return [{ path: ['jwks_url'], message }];
}

/** Whether a host of a URL is this machine by its name or address. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
