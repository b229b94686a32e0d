import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ConsoleSession } from '../../policy/sessions/session.ts';

/** Others are none of ours and are not worth a look into the store. */
const secretForm = /^[\w-]{43}$/;

/** The secret of a session, from the request's cookies; null where there is none. */
export function cookieSecret(request: FastifyRequest): string | null {
  const { cookie } = request.headers;
  if (cookie === undefined) return null;
  const name = cookieName(request);
  const [hostOnly, plain] = [cookieValue(cookie, `__Host-${name}`), cookieValue(cookie, name)];
  // Other hosts of the same domain can set any but the first, which only https has.
  const secret = hostOnly ?? (cameByHttps(request) ? null : plain);
  return secret !== null && secretForm.test(secret) ? secret : null;
}

/** Gives the browser the cookie of a session, which no script can read and no other site has sent. */
export function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  { secret, endsAtSeconds }: Pick<ConsoleSession, 'secret' | 'endsAtSeconds'>,
): void {
  const maxAge = Math.max(0, Math.floor(endsAtSeconds - Date.now() / 1000));
  const isSecure = cameByHttps(request);
  const name = `${isSecure ? '__Host-' : ''}${cookieName(request)}`;
  const attributes = `Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  reply.header('set-cookie', `${name}=${secret}; ${attributes}`);
}

/** Takes the cookie away. */
export function clearCookie(request: FastifyRequest, reply: FastifyReply): void {
  setCookie(request, reply, { secret: '', endsAtSeconds: 0 });
}

/** Whether the browser spoke https, to the gateway or to a proxy before it: a page's own origin tells that too. */
function cameByHttps({ protocol, headers }: FastifyRequest): boolean {
  return protocol === 'https' || headers.origin?.startsWith('https://') === true;
}

/** Browsers do not keep the cookies of one host's ports apart: gateways side by side would log each other out. */
function cookieName({ host }: FastifyRequest): string {
  const port = /:(\d{1,5})$/.exec(host)?.[1];
  return port === undefined ? 'dropgate' : `dropgate_${port}`;
}

function cookieValue(cookies: string, name: string): string | null {
  for (const cookie of cookies.split(';')) {
    const at = cookie.indexOf('=');
    if (cookie.slice(0, at).trim() === name) return cookie.slice(at + 1).trim() || null;
  }
  return null;
}
