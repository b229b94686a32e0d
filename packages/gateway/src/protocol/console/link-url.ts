/**
 * The address of a link that logs in. Its code follows `#`, which browsers send to nobody and no log has.
 *
 * @param origin - Of the gateway, such as `http://127.0.0.1:8080`. One that means all addresses becomes this machine's own.
 */
export function consoleLinkUrl(origin: string, code: string): string {
  const url = new URL(origin);
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  return `${url.origin}/console/#code=${code}`;
}
