import { matchesGlob } from '../../policy/rules/glob.ts';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { FoundModule, GivenVariable } from '../../protocol/module.ts';
import { isAbsent, readPlainBytes, whyUnread } from '../../system/files.ts';

/** What the operator gives to one module, from outside its folder. */
export type GivenEnv = {
  readonly values: Readonly<Record<string, string>>;
  /** One error for each variable whose value is not to be had. */
  readonly findings: readonly Finding[];
  /** Files whose change may mend that; empty where nothing is amiss. */
  readonly watched: readonly string[];
};

/** Reads what a module is given, as it is now. Never throws; values appear in no finding. */
export type GiveEnv = (module: Pick<FoundModule, 'agentId'>) => Promise<GivenEnv>;

export type GiveEnvDeps = {
  readonly variables: () => readonly GivenVariable[];
  /** The gateway's own, with the `.env` of the project below it. */
  readonly environment: () => Readonly<Record<string, string | undefined>>;
  /** The settings file, told as the place of what is wrong. */
  readonly settingsFile: string;
  /** Absolute: the settings and the files of secrets. */
  readonly files: () => readonly string[];
};

/** No secret is longer, and the system passes nothing longer on. */
const SECRET_LIMIT_BYTES = 64 * 1024;

export function createGiveEnv(deps: GiveEnvDeps): GiveEnv {
  return async ({ agentId }) => {
    const fitting = deps.variables().filter(({ agents }) => matchesGlob(agents, agentId));
    // The last one that names a variable gives it, and alone: another's missing value hurts nobody.
    const chosen = new Map(fitting.map((variable) => [variable.name, variable]));
    const environment = deps.environment();
    const read = await Promise.all(
      [...chosen.values()].map(async (variable) => ({
        variable,
        ...(await readValue(variable, environment)),
      })),
    );
    const values: Record<string, string> = {};
    const findings: Finding[] = [];
    for (const { variable, value, why } of read) {
      if (value === null) findings.push(missing(variable, why, deps.settingsFile));
      else values[variable.name] = value;
    }
    return { values, findings, watched: findings.length > 0 ? deps.files() : [] };
  };
}

type Value = { readonly value: string | null; readonly why: string };

async function readValue(
  { from }: GivenVariable,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Value> {
  if ('env' in from) {
    const value = environment[from.env] || null;
    return { value, why: `the variable ${from.env} is not set where the gateway runs` };
  }
  const refuse = (why: string) => ({ value: null, why: `the file ${from.file} ${why}` });
  try {
    const value = textOf(await readPlainBytes(from.file, SECRET_LIMIT_BYTES));
    if (value === null) return refuse('holds no text');
    return value === '' ? refuse('is empty') : { value, why: '' };
  } catch (error) {
    return refuse(isAbsent(error) ? 'is not there' : whyUnread(error));
  }
}

/** Without the newline that editors and shells put at the end; null where it is no text, or none that a variable can hold. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text.replace(/\r?\n$/, '');
  } catch {
    return null;
  }
}

function missing({ agents, name, from }: GivenVariable, why: string, file: string): Finding {
  const mend =
    'env' in from
      ? `Set ${from.env} in the .env of the project root, or in the gateway's environment and restart it`
      : 'Put the secret into that file, where the user that the gateway runs as may read it';
  return {
    stage: 'metadata',
    code: 'secret_missing',
    severity: 'error',
    message: `${name} cannot be given to this agent: ${why}.`,
    file,
    hint: `${mend}, or remove agents."${agents}".env.${name} from the settings.`,
  };
}
