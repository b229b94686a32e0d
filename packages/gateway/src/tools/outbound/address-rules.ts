import { BlockList, isIP } from 'node:net';

/** Says of an address whether tools may connect to it. */
export type MayConnect = (address: string) => boolean;

/** What is no address of the public internet: this machine, private networks, link-local ones, and reserved ranges. */
const closedRanges: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/**
 * Makes the rule for one tool.
 *
 * @param allowed - Addresses and networks (`10.1.0.0/16`) that are open all the same, each checked by `isNetwork`.
 */
export function createMayConnect(allowed: readonly string[]): MayConnect {
  const closed = listOf(closedRanges);
  const open = listOf(allowed.map(networkOf));
  return (address) => {
    const family = isIP(address);
    if (family === 0) return false;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    // A mapped address (`::ffff:127.0.0.1`) is looked at as the IPv4 address that it stands for.
    return open.check(address, kind) || !closed.check(address, kind);
  };
}

function networkOf(text: string): readonly [string, number] {
  const [address = '', prefix] = text.split('/');
  return [address, prefix === undefined ? (isIP(address) === 4 ? 32 : 128) : Number(prefix)];
}

function listOf(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) {
    list.addSubnet(network, prefix, isIP(network) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
