import { askNpm } from './ask-npm.ts';
import { askOsv } from './ask-osv.ts';
import { createAskService } from './ask-service.ts';
import type {
  Advisory,
  AdvisoryAnswer,
  Ecosystem,
  PackageInUse,
  PackagesOf,
} from './package-in-use.ts';

/** An advisory, and who uses the package. */
export type AdvisoryFinding = Advisory & {
  readonly owners: readonly string[];
  /** False where it is declared only. */
  readonly isInstalled: boolean;
};

/** What the services said of everybody's packages. */
export type AdvisoryReport = {
  readonly findings: readonly AdvisoryFinding[];
  /** How many packages each was asked of. */
  readonly asked: Readonly<Record<Ecosystem, number>>;
  readonly unreachable: readonly {
    readonly ecosystem: Ecosystem;
    readonly url: string;
    readonly reason: string;
  }[];
};

export type AdvisoryServices = { readonly npm: string; readonly osv: string };

/**
 * Asks for advisories on all packages, each version once. Never rejects: a service that gives no answer is told of.
 *
 * @param options.environment - Names the proxies to go through.
 */
export async function findAdvisories(
  used: readonly PackagesOf[],
  services: AdvisoryServices,
  options: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
  },
): Promise<AdvisoryReport> {
  const service = createAskService(options.environment, options.signal);
  const distinct = distinctOf(used);
  const of = (wanted: Ecosystem) => distinct.filter(({ ecosystem }) => ecosystem === wanted);
  const [npm, pypi] = [of('npm'), of('PyPI')];
  const none: AdvisoryAnswer = { type: 'answered', advisories: [] };
  try {
    const [fromNpm, fromOsv] = await Promise.all([
      npm.length > 0 ? askNpm(service, services.npm, npm) : none,
      pypi.length > 0 ? askOsv(service, services.osv, pypi) : none,
    ]);
    const answers = [
      { ecosystem: 'npm', url: services.npm, answer: fromNpm },
      { ecosystem: 'PyPI', url: services.osv, answer: fromOsv },
    ] as const;
    return {
      findings: answers.flatMap(({ answer }) =>
        answer.type === 'answered' ? answer.advisories.map((one) => withOwners(one, used)) : [],
      ),
      asked: { npm: npm.length, PyPI: pypi.length },
      unreachable: answers.flatMap(({ ecosystem, url, answer }) =>
        answer.type === 'unreachable' ? [{ ecosystem, url, reason: answer.reason }] : [],
      ),
    };
  } finally {
    await service.close();
  }
}

function keyOf({ ecosystem, name, version }: Pick<PackageInUse, 'ecosystem' | 'name' | 'version'>) {
  return JSON.stringify([ecosystem, name, version]);
}

function distinctOf(used: readonly PackagesOf[]): readonly PackageInUse[] {
  const all = used.flatMap(({ packages }) => packages);
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}

function withOwners(advisory: Advisory, used: readonly PackagesOf[]): AdvisoryFinding {
  const key = keyOf(advisory);
  const uses = used.flatMap(({ owner, packages }) =>
    packages.filter((one) => keyOf(one) === key).map(({ isInstalled }) => ({ owner, isInstalled })),
  );
  return {
    ...advisory,
    owners: [...new Set(uses.map(({ owner }) => owner))],
    isInstalled: uses.some(({ isInstalled }) => isInstalled),
  };
}
