import { json } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { project } from './browser.ts';

/** What a page may run where its policy says so; none of it is the console's. */
const loose = /unsafe-inline|unsafe-eval|\*|data:|https?:/;

const pages = ['/console', '/console/runs', '/console/none', '/docs'];

export const frames: Attack = {
  title: 'another page frames the console, has it run a script, or reads the cookie of a login',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const open: string[] = [];
    for (const path of pages) {
      const { headers } = await fetch(`${gateway.url}${path}`);
      const policy = headers.get('content-security-policy') ?? '';
      const scripts =
        /script-src ([^;]*)/.exec(policy)?.[1] ?? /default-src ([^;]*)/.exec(policy)?.[1];
      if (!policy.includes("frame-ancestors 'none'")) open.push(`${path} may be framed`);
      if (headers.get('x-frame-options') !== 'DENY') open.push(`${path} may be framed by old ones`);
      if (scripts === undefined || loose.test(scripts)) open.push(`${path} runs ${scripts}`);
      if (!policy.includes("base-uri 'none'")) open.push(`${path} has a base`);
    }
    const answers = ['/v1/models', '/healthz', '/none', '/security/whoami', '/admin/agents'];
    for (const path of answers) {
      const { headers } = await gateway.fetch(path);
      if (headers.get('x-content-type-options') !== 'nosniff') open.push(`${path} is sniffed`);
      if (headers.get('access-control-allow-origin')) open.push(`${path} is for every page`);
    }
    const login = await fetch(`${gateway.url}/console/session`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ key: gateway.keys.admin }),
    });
    const [cookie = ''] = login.headers.getSetCookie();
    for (const flag of ['HttpOnly', 'SameSite=Strict']) {
      if (!cookie.toLowerCase().includes(flag.toLowerCase())) open.push(`a cookie without ${flag}`);
    }
    if (/domain=/i.test(cookie)) open.push('a cookie for other hosts');
    const markup = '<img src=x onerror=alert(1)>';
    const said = await gateway.ask('labs/open', { content: markup });
    if (said.text.startsWith('<')) open.push('an answer is a page');
    return told(open, pages.length * 4 + answers.length * 2 + 4);
  },
};
