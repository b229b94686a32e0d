import Range from 'semver/classes/range.js';
import satisfies from 'semver/functions/satisfies.js';
import { z } from 'zod';
import { type AskService, ServiceError } from './ask-service.ts';
import type { Advisory, AdvisoryAnswer, PackageInUse } from './package-in-use.ts';

/** Packages of one question. */
const NAMES_AT_A_TIME = 1000;

const answerSchema = z.record(
  z.string(),
  z.array(
    z.looseObject({
      id: z.union([z.number(), z.string()]),
      title: z.string().default('no title'),
      severity: z.string().optional(),
      url: z.string().default(''),
      vulnerable_versions: z.string(),
    }),
  ),
);

/**
 * Asks a registry of npm for advisories on packages, as `npm audit` does. Never rejects.
 *
 * @param registry - Its address, with or without a slash at its end.
 */
export async function askNpm(
  service: Pick<AskService, 'post'>,
  registry: string,
  packages: readonly PackageInUse[],
): Promise<AdvisoryAnswer> {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of packages) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  const url = `${registry.replace(/\/$/, '')}/-/npm/v1/security/advisories/bulk`;
  const advisories: Advisory[] = [];
  try {
    const waiting = [...versions].map(([name, all]) => [name, [...all]] as const);
    while (waiting.length > 0) {
      const asked = Object.fromEntries(waiting.splice(0, NAMES_AT_A_TIME));
      const answer = answerSchema.safeParse(await service.post(url, asked)).data;
      if (!answer) throw new ServiceError('it is no registry that knows advisories');
      advisories.push(...advisoriesIn(answer, asked));
    }
    return { type: 'answered', advisories };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { type: 'unreachable', reason: error.message };
  }
}

function advisoriesIn(
  answer: z.infer<typeof answerSchema>,
  asked: Readonly<Record<string, readonly string[]>>,
): Advisory[] {
  return Object.entries(answer).flatMap(([name, known]) =>
    known.flatMap(({ id, title, severity, url, vulnerable_versions: vulnerable }) =>
      ((Object.hasOwn(asked, name) && asked[name]) || [])
        .filter((version) =>
          satisfies(version, vulnerable, { loose: true, includePrerelease: true }),
        )
        .map((version) => ({
          ecosystem: 'npm' as const,
          name,
          version,
          id: /GHSA-[\w-]+/.exec(url)?.[0] ?? String(id),
          title,
          severity: severity?.toLowerCase() ?? null,
          url,
          fixedIn: fixOf(version, vulnerable),
        })),
    ),
  );
}

/** What lies right above the part of the range that has this version. */
function fixOf(version: string, vulnerable: string): string | null {
  const parts = new Range(vulnerable, { loose: true, includePrerelease: true }).set;
  for (const part of parts) {
    if (!part.every((one) => one.test(version))) continue;
    const upper = part.find(({ operator }) => operator === '<' || operator === '<=');
    if (upper) return upper.operator === '<' ? upper.semver.version : `>${upper.semver.version}`;
  }
  return null;
}
