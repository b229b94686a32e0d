import { lockedPackages } from './lock-file.ts';
import { type Part, runProgram } from './part.ts';

const TIMEOUT_MS = 120_000;

/** Overrides of the project's store that hold: each is there for a while only, and somebody should know of it. */
export const openOverrides: Part = async ({ root, project }) => {
  const launcher = `${root}/packages/gateway/bin/dropgate.cjs`;
  const command = [process.execPath, launcher, 'security', 'overrides', '--active', '--json'];
  const { stdout, stderr } = await runProgram(command, { cwd: project, timeoutMs: TIMEOUT_MS });
  type Override = Readonly<Record<'id' | 'effect' | 'action' | 'resource' | 'reason', string>>;
  let overrides: readonly Override[];
  try {
    overrides = JSON.parse(stdout).overrides;
  } catch (cause) {
    throw new Error(`dropgate security overrides gave no JSON: ${stderr}`, { cause });
  }
  return {
    findings: overrides.map(({ id, effect, action, resource, reason }) => ({
      what: `The override ${id} is open: ${effect} ${action} ${resource} (${reason}).`,
      fix: `End it with dropgate security revoke ${id}, or make a rule of it in gateway.yaml.`,
    })),
    notes: [],
  };
};

/** Packages of the lock file that npm could not verify, of any platform. */
export const lockFile: Part = async ({ root }) => {
  const packages = await lockedPackages(root);
  const bare = packages.filter(({ hasIntegrity }) => !hasIntegrity);
  const names = bare.map(({ name, version }) => `${name} ${version}`).join(', ');
  const what = `Without integrity in package-lock.json: ${names}.`;
  const fix = 'Run npm install --package-lock-only with a registry that has them.';
  return {
    findings: bare.length > 0 ? [{ what, fix }] : [],
    notes: [`${packages.length} packages.`],
  };
};

/** Pages that are made of the code and differ from it. */
export const docsDrift: Part = async ({ root }) => {
  const command = [process.execPath, 'scripts/generate-docs.ts', '--check'];
  const { code, stdout, stderr } = await runProgram(command, { cwd: root, timeoutMs: TIMEOUT_MS });
  if (code === 0) return { findings: [], notes: [] };
  const what = (stdout + stderr).trim().slice(0, 2000);
  return { findings: [{ what, fix: 'Run make docs and commit what it writes.' }], notes: [] };
};
