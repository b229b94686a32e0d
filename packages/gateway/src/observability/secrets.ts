import { hideLiterals } from './hide-literals.ts';
import { createRedactor, type Redactor, secretsIn, secretsOf } from './redact.ts';

/** Whose secrets are hidden where: the gateway's everywhere, a module's in what that module says. */
export type Secrets = {
  readonly own: Redactor;
  /** Adds the environment of a generation of a module; those of its last ones stay hidden. */
  readonly addModule: (agentId: string, environment: Readonly<Record<string, string>>) => void;
  /** Adds values that the operator gives to a module, each a secret; the last ones stay hidden too. */
  readonly addGiven: (agentId: string, values: readonly string[]) => void;
  /** Hides secrets in text that an agent's module said or caused; null for text of nobody's module. */
  readonly textOf: (agentId: string | null) => (text: string) => string;
};

/** Environments of one module that are known at once: of what serves, what drains and what was tried since. */
const keptEnvironments = 4;

type Known = {
  readonly environments: readonly object[];
  /** Secrets of those, in the same order. */
  readonly values: readonly ReadonlySet<string>[];
  readonly given: readonly ReadonlySet<string>[];
  readonly hide: (text: string) => string;
};

const nothingKnown: Omit<Known, 'hide'> = { environments: [], values: [], given: [] };

export function createSecrets(): Secrets {
  const own = createRedactor();
  const modules = new Map<string, Known>();
  const know = (agentId: string, known: Omit<Known, 'hide'>) => {
    const all = [...known.values, ...known.given].flatMap((each) => [...each]);
    modules.set(agentId, { ...known, hide: hideLiterals(new Set(all)) });
  };
  return {
    own,
    addModule(agentId, environment) {
      const known = modules.get(agentId) ?? nothingKnown;
      if (known.environments.includes(environment)) return;
      know(agentId, {
        ...known,
        environments: withFirst(environment, known.environments),
        values: withFirst(secretsIn(environment), known.values),
      });
    },
    addGiven(agentId, values) {
      const known = modules.get(agentId) ?? nothingKnown;
      const given = secretsOf(values);
      // Asked for at each look at the agents: mostly they are the same.
      if ([...given].every((secret) => known.given[0]?.has(secret))) return;
      know(agentId, { ...known, given: withFirst(given, known.given) });
    },
    textOf(agentId) {
      const known = agentId === null ? undefined : modules.get(agentId);
      return known ? (text) => own.text(known.hide(text)) : own.text;
    },
  };
}

function withFirst<Item>(item: Item, items: readonly Item[]): Item[] {
  return [item, ...items].slice(0, keptEnvironments);
}
