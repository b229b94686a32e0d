import { isIP } from 'node:net';
import { matchesGlob } from '../../policy/rules/glob.ts';
import type { MayConnect } from './address-rules.ts';
import { OutboundError } from './outbound-error.ts';

/** Where one tool may go. */
export type OutboundRules = {
  /** Names of hosts, in which `*` stands for anything; none of them allows none. */
  readonly allowHosts: readonly string[];
  /** Heard before those. */
  readonly denyHosts: readonly string[];
  readonly mayConnect: MayConnect;
};

/**
 * Checks where a request is to go, before a name is looked up.
 *
 * @returns The URL as it is to be asked for: without its fragment, and without the dot at the end of its host's name.
 * @throws OutboundError
 */
export function checkUrl(url: URL, { allowHosts, denyHosts, mayConnect }: OutboundRules): URL {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new OutboundError(`Only http: and https: addresses can be read, not ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new OutboundError('The address holds a user or a password. Leave them out.');
  }
  const checked = new URL(url);
  checked.hash = '';
  // The parser has made plain addresses of all spellings: decimal, octal, hexadecimal and short forms.
  checked.hostname = url.hostname.replace(/\.+$/, '');
  const host = bareHost(checked);
  const fits = (pattern: string) => matchesGlob(pattern.toLowerCase(), host);
  if (host === '' || denyHosts.some(fits) || !allowHosts.some(fits)) {
    throw new OutboundError(`The host ${host} is not among those that this tool may reach.`);
  }
  if (isIP(host) !== 0 && !mayConnect(host)) throw closedAddress(host);
  return checked;
}

/** A host's name, or an address without the brackets of IPv6. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

/** That a host is at an address of this machine or of a private network. */
export function closedAddress(host: string): OutboundError {
  return new OutboundError(
    `The host ${host} is at an address that tools may not reach: this machine, a private or a reserved network. \`allow_addresses\` of the tool opens some.`,
  );
}
