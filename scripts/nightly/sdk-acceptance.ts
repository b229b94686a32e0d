import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { missingPython } from '../../packages/gateway/test/support/python-with-sdk.ts';
import { type Part, type PartContext, type ProgramEnd, runProgram } from './part.ts';
import type { NightlyFinding } from './report.ts';

/** A registry, an install and a build of two agents. */
const TIMEOUT_MS = 1_800_000;

/** The oldest SDK for Python that agents are tried with; for TypeScript it is that of the fixture `OldSdk`. */
const oldPythonSdk = '0.4.0';

/** Tests of modules that bring packages of their own, among them an SDK of another time, and what runs them. */
const suites = [
  'run packages/gateway/test/acceptance/modules-own-packages.test.ts packages/gateway/test/acceptance/python-dependencies.test.ts',
  // Runs that wait for a person, with one SDK of each time at which it kept them in another way.
  'run --config vitest.soak.config.ts packages/gateway/src/worker/approvals/sdk-copies.soak.test.ts',
];

/** Agents in both languages on the newest and on an old SDK, in the package as it is published. */
export const sdkAcceptance: Part = async (context) => {
  const findings: NightlyFinding[] = [];
  const notes: string[] = [];
  const missing = await missingPython();
  if (missing !== null) notes.push(`Python was left out: ${missing}.`);
  const old = { node: await oldNodeSdk(context), python: oldPythonSdk };
  for (const versions of [{ node: 'newest', python: 'newest' }, old]) {
    const python = missing === null ? ['--python-sdk', versions.python] : [];
    const script = 'scripts/release/package-smoke.ts';
    const command = [process.execPath, script, '--json', '--node-sdk', versions.node, ...python];
    const end = await runProgram(command, { cwd: context.root, timeoutMs: TIMEOUT_MS });
    const what = `SDK ${versions.node} for TypeScript and ${versions.python} for Python`;
    findings.push(...failuresOf(end, what));
    notes.push(`Tried: ${what}.`);
  }
  for (const suite of suites) {
    const vitest = ['vitest', ...suite.split(' ')];
    const end = await runProgram(vitest, { cwd: context.root, timeoutMs: TIMEOUT_MS });
    if (end.code === 0) continue;
    const what = `Tests with SDKs of other times failed: ${end.stdout.slice(-1500)}`;
    findings.push({ what, fix: `Run vitest ${suite}.` });
  }
  return { findings, notes };
};

function failuresOf({ code, stdout, stderr }: ProgramEnd, what: string): NightlyFinding[] {
  const fix = 'See what changed in that version of the SDK, and support it or say that it is not.';
  try {
    const { failures } = JSON.parse(stdout) as { failures: readonly string[] };
    return failures.map((failure) => ({ what: `${what}: ${failure}`, fix }));
  } catch {
    return code === 0 ? [] : [{ what: `${what}: ${stderr.slice(-1500)}`, fix }];
  }
}

async function oldNodeSdk({ root }: PartContext): Promise<string> {
  const file = join(root, 'packages/gateway/test/fixtures/modules/OldSdk/package.json');
  return JSON.parse(await readFile(file, 'utf8')).dependencies['@openai/agents'];
}
