import { isIPv4 } from 'node:net';

/** Whether an address reaches this machine only. Names other than `localhost` count as reaching further. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}
