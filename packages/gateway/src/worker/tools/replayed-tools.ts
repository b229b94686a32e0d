import type { ToolOutcome } from '../../protocol/tools/gateway-tools.ts';
import { agentOfTool } from '../agent-shape.ts';
import type { RunScope } from '../run/run-scope.ts';
import { callIdOf, fieldsOf, nameOf, type SdkTool } from '../sdk.ts';
import type { GatewayToolAnswer } from './tool-results.ts';

/** The name of the gateway's guardrail among those of a tool. */
export const guardName = 'dropgate_policy';

/** Set on a stand-in: what it stands for. */
const original: unique symbol = Symbol('dropgate.original');

/** The module's own tool, where this one stands for it in a run that follows a record. */
export function originalOf(tool: unknown): unknown {
  return typeof tool === 'object' && tool && original in tool ? tool[original] : tool;
}

/**
 * The tools of an agent in a run that follows the record of another: what the record has of a call is its result, and none
 * of the tool's own code runs. What makes a tool of an agent goes on to its model, which follows the record too.
 *
 * @throws where a tool runs here and is no function, so that its calls cannot be answered.
 */
export function replayedTools(tools: readonly SdkTool[], scope: RunScope): readonly SdkTool[] {
  return tools.map((tool) => {
    if (agentOfTool in tool || tool.type === 'hosted_tool') return tool;
    if (tool.type === 'function') return standIn(tool, scope);
    throw new Error(
      `The agent has a tool of the type ${tool.type}, whose calls cannot be taken from a record.`,
    );
  });
}

type Guardrail = { readonly run: (data: unknown) => unknown };

function standIn(tool: SdkTool, scope: RunScope): SdkTool {
  const record = createRecord(tool, scope);
  const own = Object.getOwnPropertyDescriptors(tool);
  for (const descriptor of Object.values(own)) descriptor.configurable = true;
  const copy: SdkTool = Object.create(Object.getPrototypeOf(tool), own);
  const value = (given: unknown) => ({ value: given, writable: true, configurable: true });
  const invoke: NonNullable<SdkTool['invoke']> = async (context, input, details) => {
    const callId = callIdOf(details, tool);
    const answer = await record.of(callId, input);
    record.used(callId);
    if (answer === null) return tool.invoke?.(context, input, details);
    if (answer.outcome !== 'ok') scope.activity.endsAs(callId, answer.outcome);
    return answer.text;
  };
  Object.defineProperties(copy, {
    invoke: { ...value(invoke), enumerable: true },
    ...(Array.isArray(tool.inputGuardrails) && {
      inputGuardrails: { ...value(guardrailsOf(tool.inputGuardrails, record)), enumerable: true },
    }),
  });
  return Object.defineProperty(copy, original, { value: tool });
}

/**
 * The author's own run again, as those of agents do: of a call that one of them stopped the record has nothing. The gateway's
 * comes behind them, and lets pass what was recorded.
 */
function guardrailsOf(guardrails: readonly unknown[], record: ToolRecord): unknown[] {
  const isPolicy = (guardrail: unknown) => fieldsOf(guardrail).name === guardName;
  const policy = guardrails.filter(isPolicy) as Guardrail[];
  return [
    ...guardrails.filter((guardrail) => !isPolicy(guardrail)),
    ...policy.map((guardrail) => unlessRecorded(guardrail, record)),
  ];
}

function unlessRecorded(guardrail: Guardrail, record: ToolRecord): Guardrail {
  return {
    ...guardrail,
    run: async (data) => {
      const { callId, arguments: given } = fieldsOf(fieldsOf(data).toolCall);
      const answer = await record.of(String(callId ?? ''), given);
      return answer === null ? guardrail.run(data) : { behavior: { type: 'allow' } };
    },
  };
}

/** Null where the call is to be made. */
type Recorded = { readonly outcome: ToolOutcome; readonly text: string } | null;

type ToolRecord = {
  /** What the record has of a call: asked once, however many want to know. */
  readonly of: (callId: string, given: unknown) => Promise<Recorded>;
  /** The next one of this id is another: some models use an id again. */
  readonly used: (callId: string) => void;
};

function createRecord(tool: SdkTool, scope: RunScope): ToolRecord {
  const asked = new Map<string, Promise<Recorded>>();
  const ask = async (toolCallId: string, given: unknown): Promise<Recorded> => {
    const question = { tool: nameOf(tool), toolCallId, arguments: given } as const;
    const answer = await scope.request.ask({ ask: 'replay_tool', ...question });
    return answer as GatewayToolAnswer | null;
  };
  return {
    of(callId, given) {
      const answer = asked.get(callId) ?? ask(callId, given);
      asked.set(callId, answer);
      return answer;
    },
    used: (callId) => void asked.delete(callId),
  };
}
