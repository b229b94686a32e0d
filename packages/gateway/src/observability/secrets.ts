import { hideLiterals } from './hide-literals.ts';
import { createRedactor, type Redactor, secretsIn } from './redact.ts';

/** Whose secrets are hidden where: the gateway's everywhere, a module's in what that module says. */
export type Secrets = {
  readonly own: Redactor;
  /** Adds the environment of a generation of a module; those of its last ones stay hidden. */
  readonly addModule: (agentId: string, environment: Readonly<Record<string, string>>) => void;
  /** Hides secrets in text that an agent's module said or caused; null for text of nobody's module. */
  readonly textOf: (agentId: string | null) => (text: string) => string;
};

/** Environments of one module that are known at once: of what serves, what drains and what was tried since. */
const keptEnvironments = 4;

type Known = {
  environments: object[];
  values: ReadonlySet<string>[];
  hide: (text: string) => string;
};

export function createSecrets(): Secrets {
  const own = createRedactor();
  const modules = new Map<string, Known>();
  return {
    own,
    addModule(agentId, environment) {
      const known = modules.get(agentId);
      if (known?.environments.includes(environment)) return;
      const environments = [environment, ...(known?.environments ?? [])].slice(0, keptEnvironments);
      const values = [secretsIn(environment), ...(known?.values ?? [])].slice(0, keptEnvironments);
      const hide = hideLiterals(new Set(values.flatMap((each) => [...each])));
      modules.set(agentId, { environments, values, hide });
    },
    textOf(agentId) {
      const known = agentId === null ? undefined : modules.get(agentId);
      return known ? (text) => own.text(known.hide(text)) : own.text;
    },
  };
}
