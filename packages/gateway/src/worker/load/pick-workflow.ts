import { isClass } from '../agent-shape.ts';
import { isWorkflowName, type WorkflowSignature } from '../facts/workflows.ts';
import type { Reason, TopLevel } from './choose-agent.ts';

/** A workflow that needs what no request brings. */
export type WorkflowInNeed = {
  readonly kind: 'workflow_in_need';
  readonly exportName: string;
  readonly needs: readonly string[];
};

/** A workflow as it is served: called with `{ input_as_text }`. */
export type PickedWorkflow = {
  readonly kind: 'workflow';
  readonly exportName: string;
  readonly value: unknown;
  readonly reason?: Reason;
};

/** The workflow of a module, an exported one first; null where it has none. */
export function pickWorkflow(
  exports: Readonly<Record<string, unknown>>,
  topLevel: TopLevel,
): PickedWorkflow | WorkflowInNeed | null {
  const exported = Object.keys(exports).filter((name) => isWorkflow(name, exports[name]));
  const [shown] = exported.toSorted((a, b) => rank(a) - rank(b));
  if (shown !== undefined) return asPicked(shown, exports[shown], topLevel);
  const { values, facts } = topLevel;
  const hidden = facts.workflows.filter(({ name, takes }) => {
    // Without a parameter it is a script's own, which takes no request.
    return takes !== 'nothing' && isWorkflow(name, values[name]);
  });
  const [first] = hidden.toSorted((a, b) => rank(a.name) - rank(b.name));
  if (!first) return null;
  const picked = asPicked(first.name, values[first.name], topLevel);
  return picked.kind === 'workflow' ? { ...picked, reason: { because: 'workflow' } } : picked;
}

/** A workflow by its own name: how it wants to be called is read from its text, where that is there. */
export function asPicked(
  exportName: string,
  value: unknown,
  { facts }: TopLevel,
): PickedWorkflow | WorkflowInNeed {
  const own = typeof value === 'function' ? value.name : '';
  const signature = facts.workflows.find(({ name }) => name === exportName || name === own);
  if (signature && signature.needs.length > 0) {
    return { kind: 'workflow_in_need', exportName, needs: signature.needs };
  }
  return { kind: 'workflow', exportName, value: callable(value, signature) };
}

function isWorkflow(name: string, value: unknown): boolean {
  return isWorkflowName(name) && typeof value === 'function' && !isClass(value);
}

/** Agent Builder's own names come first. */
function rank(name: string): number {
  return name === 'runWorkflow' || name === 'run_workflow' ? 0 : 1;
}

function callable(value: unknown, signature: WorkflowSignature | undefined): unknown {
  if (signature?.takes !== 'text' || typeof value !== 'function') return value;
  return ({ input_as_text }: { input_as_text: string }) =>
    Reflect.apply(value, undefined, [input_as_text]);
}
