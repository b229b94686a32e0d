import { createHash } from 'node:crypto';
import { escaped } from '../docs-page/html.ts';
import { pagePolicy, pageStyle } from '../docs-page/page-style.ts';
import type { ConsoleBuild } from './console-build.ts';

/**
 * Not `<meta http-equiv="refresh">`: at an address with a `#`, such as that of a link that logs in, browsers take it for a
 * jump within the page.
 */
const loadAgain = 'setTimeout(() => location.reload(), 1000)';

/** The page's one script is known by its hash, as its style is. */
const buildingPolicy = `${pagePolicy}; script-src 'sha256-${createHash('sha256').update(loadAgain).digest('base64')}'`;

/** What a page of the console is answered while its files are not there, with the policy that it needs. */
export function buildPage(build: Exclude<ConsoleBuild, { state: 'built' }>): {
  readonly html: string;
  readonly policy: string;
} {
  const isBuilding = build.state === 'building';
  const body = isBuilding
    ? `<h1>The console is being built</h1><p>This happens once in a clone, and after each change of <code>packages/console</code>. It takes up to a minute, in which its packages are installed too. This page then becomes the console; where it does not, load it again.</p><script>${loadAgain}</script>`
    : `<h1>The console could not be built</h1><p>The build printed:</p><pre>${escaped(build.output)}</pre><p>Repair that, then load this page again: it is built anew. To build it by hand, run <code>node scripts/build-console.ts</code> in the clone. Everything else of the gateway works without it.</p>`;
  const html = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>Dropgate: console</title><style>${pageStyle}</style></head><body>${body}</body></html>`,
  ].join('\n');
  return { html, policy: isBuilding ? buildingPolicy : pagePolicy };
}
