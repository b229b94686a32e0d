import type { InnerAgent, ReturnedAgent } from '../../facts/inner-agents.ts';
import { exportLine } from '../export-line.ts';
import { sandboxHint } from '../sandbox-hint.ts';
import { listed, type MissedExport, type Source } from './missed-export.ts';

type Inside = Pick<Source, 'topLevel' | 'file'>;

/** The edit by which an agent that is built inside a function is there for all. */
export function hiddenHint(source: Inside): string {
  const found = findStartedInside(source) ?? findInnerAgent(source) ?? findReturnedAgent(source);
  return found?.hint ?? 'Build it at the top level, and export it: `export const agent = …`.';
}

/** The agent that the file runs and builds out of the gateway's reach: inside a function, or in the call itself. */
export function findStartedInside(source: Inside): MissedExport | null {
  const { runs, inner } = source.topLevel.facts;
  const hidden = runs.filter(({ name, isTopLevel }) => name === null || !isTopLevel);
  const [run] = hidden.toSorted((a, b) => a.depth - b.depth);
  if (!run) return null;
  if (run.name !== null) {
    const agent = inner.find(({ name }) => name === run.name);
    return agent ? explainInner(agent, source) : null;
  }
  return {
    code: 'agent_inline',
    message: `An agent is built inside the call that runs it, in line ${run.line} of ${source.file}.`,
    place: run,
    hint: 'Give it a name at the top level, `export const agent = new Agent(…);`, and run that.',
  };
}

/** Any agent that is built inside a function or block. */
export function findInnerAgent(source: Inside): MissedExport | null {
  const [agent] = source.topLevel.facts.inner;
  return agent ? explainInner(agent, source) : null;
}

/** An agent that a function returns, and that nobody exports. */
export function findReturnedAgent(source: Inside): MissedExport | null {
  const { facts } = source.topLevel;
  const returned = facts.returned.find(({ functionName }) => facts.declared.includes(functionName));
  return returned ? explainReturned(returned, source) : null;
}

/** One that has a name in the function, which can be called as it is. */
export function findCallableAgent(source: Source): MissedExport | null {
  const { facts } = source.topLevel;
  const returned = facts.returned.find(
    ({ functionName, isNamed, needs }) =>
      isNamed && needs.length === 0 && facts.declared.includes(functionName),
  );
  return returned ? explainReturned(returned, source) : null;
}

function explainReturned(
  returned: ReturnedAgent,
  { topLevel: { facts }, file }: Inside,
): MissedExport {
  const { functionName, needs, className, line } = returned;
  if (className === 'SandboxAgent') {
    return {
      code: 'sandbox_client_missing',
      message: `\`${functionName}\` in line ${line} of ${file} returns a SandboxAgent, and a run of the gateway gives it no sandbox client.`,
      place: returned,
      hint: sandboxHint('agent'),
    };
  }
  const given = needs.length > 0 ? `, with ${listed(needs)} written out` : '';
  return {
    code: 'agent_not_exported',
    message: `\`${functionName}\` in line ${line} of ${file} returns an agent, and nothing exports one.`,
    place: returned,
    hint: `Export what it returns: \`${exportLine(`${functionName}(${needs.join(', ')})`, facts)}\`${given}.`,
  };
}

function explainInner(agent: InnerAgent, { topLevel: { facts }, file }: Inside): MissedExport {
  const { name, locals, parameters } = agent;
  const sandboxed = [agent, ...facts.inner.filter((each) => locals.includes(each.name))].find(
    (each) => each.className === 'SandboxAgent' && !facts.helpers.includes(each.name),
  );
  if (sandboxed) {
    const leads = sandboxed === agent ? 'is' : `leads to \`${sandboxed.name}\`,`;
    return {
      code: 'sandbox_client_missing',
      message: `\`${name}\` in line ${agent.line} of ${file} ${leads} a SandboxAgent, and a run of the gateway gives it no sandbox client.`,
      place: agent,
      hint: sandboxHint(name),
    };
  }
  if (locals.length === 0 && parameters.length === 0) {
    return {
      code: 'agent_not_exported',
      message: `\`${name}\` is built inside a function or block of ${file}, and not exported.`,
      place: agent,
      hint: 'Build it at the top level, and export it: `export const agent = …`.',
    };
  }
  const where = agent.functionName === null ? 'a function' : `\`${agent.functionName}\``;
  const needed = [...new Set([...locals, ...parameters])];
  const from = locals.length > 0 ? ` that makes ${listed(locals)} too` : '';
  const defaults =
    parameters.length > 0
      ? ` A factory is called with nothing: write ${listed(parameters)} out.`
      : '';
  return {
    code: 'agent_in_function',
    message: `\`${name}\` is built inside ${where} of ${file} (line ${agent.line}) and needs ${listed(needed)}, which there is only inside.`,
    place: agent,
    hint: `Build it in a factory${from}: \`export async function buildAgent() { …; return ${name}; }\`.${defaults}`,
  };
}
