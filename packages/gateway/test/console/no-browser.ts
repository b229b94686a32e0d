import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where systems have a Chromium or Chrome. */
export const systemBrowsers: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Why no browser can be started on this machine, or null where one can. Cheap: the configuration of the tests asks. */
export function noBrowser(): string | null {
  if (process.env.TEST_CHROMIUM || systemBrowsers.some(existsSync)) return null;
  if (process.platform !== 'linux') {
    return 'there is no Chrome or Chromium here; TEST_CHROMIUM may name one';
  }
  return hasLibraries()
    ? null
    : 'Chromium needs libnss3 and libnspr4 (scripts/bring-browser.sh), or TEST_CHROMIUM names a browser';
}

/** Those that the browser from the registry does not bring. */
function hasLibraries(): boolean {
  for (const ldconfig of ['ldconfig', '/sbin/ldconfig']) {
    try {
      const known = execFileSync(ldconfig, ['-p'], { encoding: 'utf8' });
      return known.includes('libnss3.so') && known.includes('libnspr4.so');
    } catch {
      // It is not in everybody's PATH.
    }
  }
  return false;
}
