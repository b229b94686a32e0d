/** What tests may be left out, and which machine runs them: `packages/gateway/test/skips.json`. */
export type Skips = {
  /** Name → what such a machine has. */
  readonly machines: Readonly<Record<string, string>>;
  readonly skips: readonly {
    /** How the test's full title begins, its parts joined by ` > `. */
    readonly title: string;
    readonly machine: string;
    readonly reason: string;
  }[];
};

/** What is read of the report of vitest's JSON reporter. */
type Report = {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly ancestorTitles: readonly string[];
      readonly title: string;
    }[];
  }[];
};

/**
 * What is wrong with the tests that were left out, a line each: one that is not listed, and one that this machine
 * should have run.
 *
 * @param report - Text of the JSON report.
 * @param here - Machines of the list that this one is.
 */
export function skipFaults(report: string, list: Skips, here: readonly string[]): string[] {
  const unknown = here.filter((machine) => !(machine in list.machines));
  const faults = unknown.map((machine) => `There is no machine "${machine}" in the list of skips.`);
  for (const title of skippedIn(JSON.parse(report))) {
    const listed = list.skips.find((skip) => title.startsWith(skip.title));
    if (!listed) faults.push(`Left out, and not in the list of skips: ${title}`);
    else if (here.includes(listed.machine)) {
      faults.push(`Left out, though this machine is one for it (${listed.machine}): ${title}`);
    }
  }
  return faults;
}

function skippedIn({ testResults }: Report): string[] {
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ ancestorTitles, title }) => [...ancestorTitles, title].join(' > ')),
  );
}
