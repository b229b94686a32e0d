import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { allPages, textOf, workspaceRoot } from './pages.ts';

test('every link of every page leads to a file and a heading that there is', () => {
  const pages = allPages();
  expect(pages.length).toBeGreaterThan(20);
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter((link) => !leadsSomewhere(page, link))
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('no page names a place on somebody’s own machine', () => {
  const named = allPages().filter((page) => /\/(?:root|work|Users|home\/\w+)\//.test(prose(page)));
  expect(named).toEqual([]);
});

/** Without fenced blocks. */
function prose(page: string): string {
  return textOf(page).replaceAll(/^```.*?^```$/gms, '');
}

function linksOf(page: string): readonly string[] {
  const text = prose(page).replaceAll(/`[^`\n]*`/g, '');
  const links = text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g);
  return [...links].map(([, inText, inTag]) => inText ?? inTag ?? '');
}

function leadsSomewhere(page: string, link: string): boolean {
  if (/^https?:\/\//.test(link)) return URL.canParse(link);
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  const file = join(workspaceRoot, target);
  if (!existsSync(file)) return false;
  if (anchor === undefined) return true;
  return !statSync(file).isDirectory() && anchorsOf(target).has(anchor);
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let copy = 1; anchors.has(anchor); copy += 1) anchor = `${slug}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}
