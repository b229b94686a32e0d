// Runs the parts of the nightly audit one after the other and writes their report as JSON and as Markdown.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { workspaceRoot } from '../source-files.ts';
import { advisories } from './advisories.ts';
import { keysInTree } from './keys-in-tree.ts';
import { licences } from './licences.ts';
import { type Part, type PartContext, runProgram } from './part.ts';
import { markdownOf, type NightlyReport, type PartReport } from './report.ts';
import { sdkAcceptance } from './sdk-acceptance.ts';
import { docsDrift, lockFile, openOverrides } from './small-parts.ts';

const parts: Readonly<Record<string, Part>> = {
  advisories,
  licences,
  keys: keysInTree,
  overrides: openOverrides,
  'lock-file': lockFile,
  docs: docsDrift,
  sdks: sdkAcceptance,
};

const help = `Usage: scripts/nightly-audit [options]

  --only <parts>       of ${Object.keys(parts).join(', ')}; with commas between them
  --out <folder>       where nightly-audit.json and nightly-audit.md go; default: .
  --project <folder>   whose agents and overrides are looked at; default: this workspace
  --npm-service <url>  registry that knows advisories; default: the one npm is set to
  --osv-service <url>  server of OSV; default: https://api.osv.dev

Exits with 1 on findings, with 2 on wrong usage. An unreachable service is no finding.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = {
    only: { type: 'string' },
    out: { type: 'string', default: '.' },
    project: { type: 'string', default: workspaceRoot },
    'npm-service': { type: 'string' },
    'osv-service': { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const;
  const read = () => parseArgs({ options }).values;
  let values: ReturnType<typeof read>;
  try {
    values = read();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    return 2;
  }
  if (values.help) {
    console.log(help);
    return 0;
  }
  const names = values.only?.split(',') ?? Object.keys(parts);
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) {
    console.error(`There is no part ${unknown.join(', ')}.\n\n${help}`);
    return 2;
  }
  const report = await audit(names, {
    root: workspaceRoot,
    project: resolve(values.project),
    npmService: values['npm-service'],
    osvService: values['osv-service'],
  });
  await mkdir(values.out, { recursive: true });
  await writeFile(join(values.out, 'nightly-audit.json'), `${JSON.stringify(report, null, 2)}\n`);
  const markdown = markdownOf(report);
  await writeFile(join(values.out, 'nightly-audit.md'), markdown);
  console.log(markdown);
  return report.findings > 0 ? 1 : 0;
}

async function audit(names: readonly string[], context: PartContext): Promise<NightlyReport> {
  const reports: PartReport[] = [];
  for (const name of names) {
    const beganAtMs = performance.now();
    const result = await parts[name]?.(context).catch((error: unknown) => ({
      findings: [{ what: `This part broke: ${error}`, fix: 'Mend it, or what it needs.' }],
      notes: [],
    }));
    const seconds = Math.round((performance.now() - beganAtMs) / 100) / 10;
    if (result) reports.push({ name, seconds, ...result });
  }
  const git = ['git', 'rev-parse', 'HEAD'];
  const head = await runProgram(git, { cwd: context.root, timeoutMs: 10_000 }).catch(() => null);
  return {
    made_at: new Date().toISOString(),
    commit: head?.code === 0 ? head.stdout.trim() : null,
    node: process.version,
    findings: reports.reduce((sum, { findings }) => sum + findings.length, 0),
    parts: reports,
  };
}
