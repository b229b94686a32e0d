import type { Finding } from '../../protocol/diagnostics.ts';
import type { Manifest } from '../../protocol/records.ts';
import { placeOf } from '../explain/code-place.ts';
import { type FailureContext, locate } from '../explain/failure-context.ts';
import { declarationOf } from '../explain/missed/missed-export.ts';
import { mayNeedApproval } from '../load/describe.ts';
import type { ModuleExports, PickedExport } from '../load/pick-export.ts';
import { fieldsOf, nameOf } from '../sdk.ts';
import { isGatewayTool } from '../tools/gateway-tool.ts';

/** Why a module gives no tool. */
export type NoTool = { readonly findings: readonly Finding[] };

type Exported = readonly [exportName: string, tool: unknown];

/** What an agent's run would do for a tool, and a call of the tool alone does not. */
const leftOut = ['inputGuardrails', 'outputGuardrails'] as const;

/**
 * The tool that a module gives, first match wins: `default`, the only one that is exported, the one whose export or own
 * name is that of the tool.
 */
export async function pickTool(
  exports: ModuleExports,
  context: FailureContext,
): Promise<PickedExport | NoTool> {
  const { name } = context.load;
  const tools = Object.entries(exports).filter(([, value]) => isFunctionTool(value));
  const distinct = tools.filter(
    ([, tool], at) => tools.findIndex(([, other]) => other === tool) === at,
  );
  const picked =
    tools.find(([exportName]) => exportName === 'default') ??
    (distinct.length === 1 ? distinct[0] : distinct.find((each) => isNamed(each, name)));
  if (!picked) return { findings: [explainNone(distinct, context)] };
  const [exportName, value] = picked;
  const unmet = await unmetNeeds(value);
  if (unmet) return { findings: [finding(context, exportName, unmet)] };
  return { kind: 'tool', exportName, value };
}

/** What models are told of a tool of the SDK. */
export function describeModuleTool(tool: unknown): NonNullable<Manifest['tool']> {
  const { description, parameters } = fieldsOf(tool);
  return {
    description: typeof description === 'string' ? description : '',
    parameters: { ...fieldsOf(parameters), type: 'object' },
  };
}

/** A tool of any copy of the SDK that is a function; `instanceof` fails across copies. */
function isFunctionTool(value: unknown): boolean {
  const { type, name, invoke } = fieldsOf(value);
  return (
    type === 'function' &&
    typeof name === 'string' &&
    typeof invoke === 'function' &&
    !isGatewayTool(value)
  );
}

function isNamed([exportName, tool]: Exported, name: string): boolean {
  const bare = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return [exportName, nameOf(tool)].some((each) => bare(each) === bare(name));
}

type About = Pick<Finding, 'code' | 'message' | 'hint'>;

/** A guard that is not kept is worse than none. */
async function unmetNeeds(tool: unknown): Promise<About | null> {
  const fields = fieldsOf(tool);
  const guards = leftOut.filter((name) => Array.isArray(fields[name]) && fields[name].length > 0);
  if (guards.length > 0) {
    return {
      code: 'tool_has_guardrails',
      message: `The tool has ${guards.join(' and ')}, which only the run of an agent keeps.`,
      hint: 'Check what it is called with in `execute`, or leave the tool in its agent.',
    };
  }
  if (!(await mayNeedApproval(fields.needsApproval))) return null;
  return {
    code: 'tool_needs_approval',
    message: 'The tool asks for approval, and nobody is asked when the gateway calls it.',
    hint: 'Leave `needsApproval` out, and say with rules who may call it; or leave the tool in its agent.',
  };
}

function explainNone(tools: readonly Exported[], context: FailureContext): Finding {
  const { modulePath, name } = context.load;
  const [first] = tools;
  if (!first) {
    return finding(context, null, {
      code: 'no_tool',
      message: `${modulePath} exports no tool of the Agents SDK.`,
      hint: `Export one: \`export const ${name.replaceAll('-', '_')} = tool({ name: '${name}', … })\`. A file that is no tool begins with "_".`,
    });
  }
  const names = tools.map(([exportName]) => `\`${exportName}\``).join(', ');
  return finding(context, first[0], {
    code: 'several_tools',
    message: `${modulePath} exports ${tools.length} tools (${names}), and none of them is called ${name}.`,
    hint: `Export the one to serve as \`default\`, or give each a file of its own.`,
  });
}

function finding({ load, sources }: FailureContext, at: string | null, about: About): Finding {
  const text = sources.peek(load.entry);
  const place = at === null ? null : placeOf(text, declarationOf(at));
  return { stage: 'export', severity: 'error', ...about, ...locate(load.entry, place, sources) };
}
