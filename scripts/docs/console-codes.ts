import { groups } from './troubleshooting/groups.ts';

/**
 * What the console says of codes, as JSON: why each is seen and what to do about it, by code. Made of the rows of the guide
 * on troubleshooting, whose links lead nowhere there.
 */
export function consoleCodes(): string {
  const rows = groups.flatMap(({ title, rows: all }) =>
    all.map(({ code, cause, fix }) => [
      code,
      { section: title, cause: withoutLinks(cause), fix: withoutLinks(fix) },
    ]),
  );
  return `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`;
}

function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1');
}
