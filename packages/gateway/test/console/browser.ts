import { existsSync } from 'node:fs';
import sparticuz from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';
import { systemBrowsers } from './no-browser.ts';

/** Its own default arguments run all in one process, which ends with the first page that closes. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
  '--js-flags=--expose-gc',
  // A name that is no loopback to the browser, which leads to this machine.
  '--host-resolver-rules=MAP console.test 127.0.0.1',
];

/** Starts a real browser: the one from the registry, or the system's where that cannot run here. Null where none can. */
export async function openBrowser(): Promise<Browser | null> {
  const candidates = [
    process.env.TEST_CHROMIUM,
    await sparticuz.executablePath().catch(() => undefined),
    ...systemBrowsers.filter(existsSync),
  ];
  for (const executablePath of candidates) {
    if (executablePath === undefined) continue;
    const browser = await chromium.launch({ executablePath, args }).catch(() => null);
    if (browser) return browser;
  }
  return null;
}
