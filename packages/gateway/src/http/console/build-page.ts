import { escaped } from '../docs-page/html.ts';
import { pagePolicy, pageStyle } from '../docs-page/page-style.ts';
import type { ConsoleBuild } from './console-build.ts';

/** What a page of the console is answered while its files are not there, with the policy that it needs. */
export function buildPage(build: Exclude<ConsoleBuild, { state: 'built' }>): {
  readonly html: string;
  readonly policy: string;
} {
  const body =
    build.state === 'building'
      ? '<h1>The console is being built</h1><p>This happens once in a clone and after each change of <code>packages/console</code>. It takes up to a minute, in which its packages are installed too. This page then becomes the console; where it does not, load it again.</p>'
      : `<h1>The console could not be built</h1><p>The build printed:</p><pre>${escaped(build.output)}</pre><p>Repair that, then load this page again: it is built anew. To build it by hand, run <code>node scripts/build-console.ts</code> in the clone. Everything else of the gateway works without it.</p>`;
  // Without an address: what follows `#` stays, which may be the code of a link.
  const again = build.state === 'building' ? '<meta http-equiv="refresh" content="1">' : '';
  const html = [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">${again}`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>Dropgate: console</title><style>${pageStyle}</style></head><body>${body}</body></html>`,
  ].join('\n');
  return { html, policy: pagePolicy };
}
