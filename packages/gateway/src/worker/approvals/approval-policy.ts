import type { Provenance } from '../../protocol/run.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { processRuns } from '../run/outside-runs.ts';
import type { RunScope } from '../run/run-scope.ts';
import { fieldsOf, nameOf, type SdkTool } from '../sdk.ts';
import { isGatewayTool } from '../tools/gateway-tool.ts';
import { verdictOn } from '../tools/tool-verdict.ts';

const governed = Symbol('dropgate.approvalGoverned');

/** Whether a call needs approval; the SDK gives it the context of the run, what it made of the arguments, and the call's id. */
type Policy = (context?: unknown, input?: unknown, callId?: string) => Promise<boolean>;

/** A plain yes and a plain no, as a copy of the SDK makes them. */
export type PlainPolicies = (needsApproval: boolean) => Policy;

/**
 * Makes the policies that this copy of the SDK makes of a plain yes or no. Any other function it takes for a decision by the
 * arguments: then it asks about arguments that are no object, and fails where it cannot copy what a schema makes of them.
 */
export function createPlainPolicies(sdk: SdkCopy | null): PlainPolicies {
  const make = sdk?.tool;
  const made = new Map<boolean, Policy>();
  return (needsApproval) => {
    const known = made.get(needsApproval);
    if (known) return known;
    const own =
      typeof make === 'function'
        ? fieldsOf(make({ ...neverCalled, needsApproval })).needsApproval
        : null;
    const policy = typeof own === 'function' ? (own as Policy) : async () => needsApproval;
    made.set(needsApproval, policy);
    return policy;
  };
}

const neverCalled = {
  name: 'never_called',
  description: '',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
  strict: false,
  execute: () => '',
};

/**
 * Lets the rules of a run say which calls of a tool a person has to approve, beside the tool's own policy: either is enough.
 * The tool is changed in place, once; runs side by side have rules of their own, so each reads its own policy off it.
 */
export function governApproval(
  tool: SdkTool,
  { provenance, plain }: { readonly provenance: Provenance; readonly plain: PlainPolicies },
): SdkTool {
  if (governed in tool || tool.type !== 'function' || Object.isFrozen(tool)) return tool;
  // About its own tools the gateway alone decides.
  let own: unknown = isGatewayTool(tool) ? plain(false) : tool.needsApproval;
  Object.defineProperty(tool, governed, { value: true });
  return Object.defineProperty(tool, 'needsApproval', {
    configurable: true,
    enumerable: true,
    get: () => policyNow({ tool, provenance, plain, own }),
    set(value: unknown) {
      own = value;
    },
  });
}

type Governed = {
  readonly tool: SdkTool;
  readonly provenance: Provenance;
  readonly plain: PlainPolicies;
  /** The tool's own policy: a function, or a plain yes or no. */
  readonly own: unknown;
};

function policyNow(about: Governed): unknown {
  const scope = processRuns.current();
  // Nobody goes on with a run of the module's own, so that its calls are refused instead.
  if (!scope || scope.place === 'own') return about.own;
  switch (verdictOn(nameOf(about.tool), scope.request.verdicts())) {
    case 'require_approval':
      return about.plain(true);
    case 'ask_approval':
      return askingPolicy(about, scope);
    default:
      return about.own;
  }
}

function askingPolicy({ tool, provenance, own }: Governed, scope: RunScope): Policy {
  return async (...given) => {
    const isAsked =
      typeof own === 'function' ? await Reflect.apply(own, tool, given) : own === true;
    if (isAsked) return true;
    const question = { tool: nameOf(tool), arguments: given[1], provenance };
    return scope.request.ask({ ask: 'approval_needed', ...question }).then(
      (reply) => reply !== false,
      () => true,
    );
  };
}
