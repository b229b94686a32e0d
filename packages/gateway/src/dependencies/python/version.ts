/** A version as PEP 440 orders it. Numbers that are absent sort as the standard says. */
type Version = {
  readonly epoch: number;
  readonly release: readonly number[];
  readonly pre: readonly [number, number] | null;
  readonly post: number | null;
  readonly dev: number | null;
  readonly local: string | null;
};

const pattern =
  /^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$/i;

/** A version, or null where the text is none. */
function parseVersion(text: string): Version | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const [, epoch, release = '', stage, stageNumber, shortPost, post, postNumber, dev, devNumber] =
    match;
  const stageRank = { a: 0, b: 1 }[(stage ?? '')[0]?.toLowerCase() ?? ''] ?? 2;
  return {
    epoch: Number(epoch ?? 0),
    release: release.split('.').map(Number),
    pre: stage ? [stageRank, Number(stageNumber || 0)] : null,
    post: shortPost ? Number(shortPost) : post ? Number(postNumber || 0) : null,
    dev: dev ? Number(devNumber || 0) : null,
    local: match[10]?.toLowerCase() ?? null,
  };
}

/**
 * Whether a version fits a list of conditions such as `>=1.2,<2`. An empty list takes all; a condition or version
 * that is not as PEP 440 has it takes what is equal to the letter.
 */
export function fitsSpecifier(version: string, specifier: string): boolean {
  return specifier
    .split(',')
    .map((clause) => clause.trim())
    .every((clause) => clause === '' || fitsClause(version, clause));
}

/** Whether a text is a list of conditions on versions; an empty one is. */
export function isSpecifier(text: string): boolean {
  return text
    .split(',')
    .map((clause) => clause.trim())
    .every((clause) => clause === '' || /^(===|==|!=|~=|<=|>=|<|>)\s*[\w.!+*-]+$/.test(clause));
}

function fitsClause(version: string, clause: string): boolean {
  const [, operator = '===', wanted = clause] =
    /^(===|==|!=|~=|<=|>=|<|>)\s*(.+)$/.exec(clause) ?? [];
  const isPrefix = wanted.endsWith('.*');
  const have = parseVersion(version);
  const want = parseVersion(isPrefix ? wanted.slice(0, -2) : wanted);
  if (operator === '===' || !have || !want) return version === wanted;
  const order = compare(have, want);
  switch (operator) {
    case '==':
      return isPrefix ? hasPrefix(have, want.release, want.epoch) : isEqual(have, want);
    case '!=':
      return !(isPrefix ? hasPrefix(have, want.release, want.epoch) : isEqual(have, want));
    case '~=':
      return order >= 0 && hasPrefix(have, want.release.slice(0, -1), want.epoch);
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0 && !(have.pre && !want.pre && sameRelease(have, want));
    default:
      return order > 0 && !(have.post !== null && want.post === null && sameRelease(have, want));
  }
}

function isEqual(have: Version, want: Version): boolean {
  return compare(have, want) === 0 && (want.local === null || want.local === have.local);
}

function hasPrefix(have: Version, prefix: readonly number[], epoch: number): boolean {
  return have.epoch === epoch && prefix.every((part, index) => (have.release[index] ?? 0) === part);
}

function sameRelease(a: Version, b: Version): boolean {
  return (
    compareLists(keyOf(a).slice(0, 1 + RELEASE_PARTS), keyOf(b).slice(0, 1 + RELEASE_PARTS)) === 0
  );
}

/** Longer than any release, so that `1.2` and `1.2.0` have equal keys. */
const RELEASE_PARTS = 12;

function compare(a: Version, b: Version): number {
  return compareLists(keyOf(a), keyOf(b));
}

/** Local versions are left out: they count only where one is asked for. */
function keyOf({ epoch, release, pre, post, dev }: Version): number[] {
  const padded = Array.from({ length: RELEASE_PARTS }, (_, index) => release[index] ?? 0);
  const beforeAll = pre === null && post === null && dev !== null;
  const [stage, number] = pre ?? (beforeAll ? [-1, 0] : [3, 0]);
  return [epoch, ...padded, stage, number, post ?? -1, dev ?? Number.POSITIVE_INFINITY];
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? 0;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
