import type { Break } from '../break.ts';

const pages = ['test/acceptance/console.test.ts'];
const logins = ['src/policy/sessions/sessions.test.ts'];

export const consoleBreaks: readonly Break[] = [
  {
    id: 'cookie-stands-beside-a-key',
    capability: 'console',
    what: 'the cookie of the console logs in where a key was sent too',
    file: 'src/http/intake/authenticate.ts',
    find: 'authorization === undefined ? authenticateSession(request, deps.console) : null;',
    replace: 'authenticateSession(request, deps.console);',
    tests: pages,
    titles: 'never stands beside a key',
  },
  {
    id: 'other-sites-use-the-login',
    capability: 'console',
    what: 'a page of another site is logged in by the cookie',
    file: 'src/http/console/authenticate-session.ts',
    find: '  requireOwnPage(request);\n',
    replace: '',
    tests: pages,
    titles: 'of no use to pages of other sites',
  },
  {
    id: 'changes-need-no-token',
    capability: 'console',
    what: 'something is changed without the token of the login',
    file: 'src/http/console/authenticate-session.ts',
    find: '  if (!safeMethods.has(request.method)) requireToken(request, session);\n',
    replace: '',
    tests: pages,
    titles: 'without the token',
  },
  {
    id: 'links-log-in-again-and-again',
    capability: 'console',
    what: 'a link to the console logs in more than once',
    file: 'src/policy/sessions/links.ts',
    find: 'await found.store.take(hash)',
    replace: 'found.record',
    tests: logins,
    titles: 'a link logs in once',
  },
  {
    id: 'logins-outlive-their-key',
    capability: 'console',
    what: 'a login of a revoked key goes on',
    file: 'src/policy/sessions/session-records.ts',
    find: 'const key = known.stillUsable(keyId);',
    replace: 'const key = known.find(keyId);',
    tests: logins,
    titles: 'ends with its key',
  },
];
