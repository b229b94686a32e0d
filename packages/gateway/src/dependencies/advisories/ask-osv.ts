import { z } from 'zod';
import { normalName } from '../python/distributions.ts';
import { fitsSpecifier } from '../python/version.ts';
import { type AskService, ServiceError } from './ask-service.ts';
import type { Advisory, AdvisoryAnswer, PackageInUse } from './package-in-use.ts';

/** What OSV takes in one question. */
const QUERIES_AT_A_TIME = 1000;

/** Pages of what is known of one version. */
const MAX_PAGES = 20;

const batchSchema = z.looseObject({
  results: z.array(z.looseObject({ vulns: z.array(z.unknown()).optional() })),
});

const vulnerabilitySchema = z.looseObject({
  id: z.string(),
  summary: z.string().optional(),
  details: z.string().optional(),
  aliases: z.array(z.string()).default([]),
  withdrawn: z.string().optional(),
  database_specific: z.looseObject({ severity: z.string().optional() }).optional(),
  affected: z
    .array(
      z.looseObject({
        package: z.looseObject({ name: z.string(), ecosystem: z.string() }).optional(),
        ranges: z
          .array(z.looseObject({ events: z.array(z.record(z.string(), z.string())) }))
          .default([]),
      }),
    )
    .default([]),
});

const pageSchema = z.looseObject({
  vulns: z.array(vulnerabilitySchema).default([]),
  next_page_token: z.string().optional(),
});

type Vulnerability = z.infer<typeof vulnerabilitySchema>;

/**
 * Asks a server of the OSV API for advisories on packages of PyPI. Never rejects.
 *
 * @param url - Of the server, such as `https://api.osv.dev`.
 */
export async function askOsv(
  service: Pick<AskService, 'post'>,
  url: string,
  packages: readonly PackageInUse[],
): Promise<AdvisoryAnswer> {
  const base = url.replace(/\/$/, '');
  const advisories: Advisory[] = [];
  try {
    for (const one of await withAdvisories(service, base, packages)) {
      const known = await knownOf(service, base, one);
      advisories.push(...known.map((vulnerability) => toAdvisory(one, vulnerability)));
    }
    return { type: 'answered', advisories };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { type: 'unreachable', reason: error.message };
  }
}

function queryOf({ name, version }: PackageInUse) {
  return { package: { name, ecosystem: 'PyPI' }, version };
}

/** Those of which anything is known: one question tells it of a thousand. */
async function withAdvisories(
  service: Pick<AskService, 'post'>,
  base: string,
  packages: readonly PackageInUse[],
): Promise<PackageInUse[]> {
  const found: PackageInUse[] = [];
  for (let from = 0; from < packages.length; from += QUERIES_AT_A_TIME) {
    const asked = packages.slice(from, from + QUERIES_AT_A_TIME);
    const answer = await service.post(`${base}/v1/querybatch`, { queries: asked.map(queryOf) });
    const results = batchSchema.safeParse(answer).data?.results;
    if (results?.length !== asked.length) throw new ServiceError('it does not speak OSV');
    found.push(...asked.filter((_, at) => (results[at]?.vulns ?? []).length > 0));
  }
  return found;
}

/** What is known of a version, each once: one fault has a record of GitHub and one of PyPA. */
async function knownOf(
  service: Pick<AskService, 'post'>,
  base: string,
  one: PackageInUse,
): Promise<Vulnerability[]> {
  const all: Vulnerability[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = { ...queryOf(one), ...(token && { page_token: token }) };
    const answer = pageSchema.safeParse(await service.post(`${base}/v1/query`, query)).data;
    if (!answer) throw new ServiceError('it does not speak OSV');
    all.push(...answer.vulns.filter(({ withdrawn }) => withdrawn === undefined));
    token = answer.next_page_token;
    if (!token) break;
  }
  const kept: Vulnerability[] = [];
  const told = new Set<string>();
  // Those of GitHub say how bad it is.
  const isGithub = ({ id }: Vulnerability) => (id.startsWith('GHSA-') ? 0 : 1);
  for (const each of all.toSorted((a, b) => isGithub(a) - isGithub(b))) {
    const names = [each.id, ...each.aliases];
    if (!names.some((name) => told.has(name))) kept.push(each);
    for (const name of names) told.add(name);
  }
  return kept;
}

function toAdvisory({ name, version }: PackageInUse, known: Vulnerability): Advisory {
  const text = known.summary ?? known.details ?? 'no title';
  return {
    ecosystem: 'PyPI',
    name,
    version,
    id: known.id,
    title: text.split('\n')[0]?.slice(0, 200) ?? text,
    severity: known.database_specific?.severity?.toLowerCase() ?? null,
    url: `https://osv.dev/vulnerability/${known.id}`,
    fixedIn: fixOf(name, version, known),
  };
}

/** The lowest version above this one that is said to be without it. */
function fixOf(name: string, version: string, { affected }: Vulnerability): string | null {
  const fixes = affected
    .filter((one) => one.package?.ecosystem === 'PyPI' && normalName(one.package.name) === name)
    .flatMap(({ ranges }) => ranges.flatMap(({ events }) => events))
    .flatMap(({ fixed }) => fixed ?? [])
    .filter((fixed) => fitsSpecifier(fixed, `>${version}`));
  return fixes.reduce<string | null>(
    (least, one) => (least === null || fitsSpecifier(one, `<${least}`) ? one : least),
    null,
  );
}
