import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { ServedGeneration } from './catalog.ts';
import type { GenerationOutcome } from './load-generation.ts';

export type FreePortDeps = {
  /** Ends the worker of a generation where nothing runs in it; false where something does. */
  readonly rest: (agentId: string, generation: number) => Promise<boolean>;
};

/** Code of the finding about a port that another version holds, or held. */
export const portHeldCode = 'port_held';

/**
 * Loads a module that may listen on a port. Where the generation that serves holds it and nothing runs in its worker,
 * that one is ended and the load tried once more.
 *
 * @param serving - What serves meanwhile, if anything.
 */
export async function loadFreeingPort(
  { rest }: FreePortDeps,
  { module, serving }: { readonly module: FoundModule; readonly serving: ServedGeneration | null },
  load: () => Promise<GenerationOutcome>,
): Promise<GenerationOutcome> {
  const outcome = await load();
  if (outcome.served || !serving || !outcome.findings.some(isPortTaken)) return outcome;
  if (!(await rest(module.agentId, serving.generation))) {
    const findings = outcome.findings.map((each) => (isPortTaken(each) ? held(each) : each));
    return { ...outcome, findings };
  }
  const again = await load();
  return again.served ? { ...again, findings: [...again.findings, endedFirst(module)] } : again;
}

/** In the words of Node, of Python, and of what is built on them. */
const portTaken = /EADDRINUSE|address already in use/i;

function isPortTaken({ severity, message, frame = '' }: Finding): boolean {
  return severity === 'error' && (portTaken.test(message) || portTaken.test(frame));
}

const listenElsewhere =
  'listen only where the file is run by itself (below `if (process.argv[1] === import.meta.filename)`, or `if __name__ == "__main__":` in Python)';

function held(finding: Finding): Finding {
  return {
    ...finding,
    code: portHeldCode,
    hint: `The version that serves holds the port, and runs go on in it: when they are over it is tried again. To be replaced at once, ${listenElsewhere}.`,
  };
}

function endedFirst({ entry }: FoundModule): Finding {
  return {
    stage: 'load',
    code: portHeldCode,
    severity: 'warning',
    message:
      'It listens on a port that the version before held, so that one was ended before this one was loaded.',
    file: entry,
    hint: `To be replaced without a gap, ${listenElsewhere}.`,
  };
}
