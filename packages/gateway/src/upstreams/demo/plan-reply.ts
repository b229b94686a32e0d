import { createHash } from 'node:crypto';
import { chooseCalls, type WantedCall } from './choose-calls.ts';
import { composeAnswer, composeJson, type ToolResult } from './compose-answer.ts';
import { asObject, type DemoReply, type DemoRequest, type DemoTurn } from './demo-request.ts';

/** English text has about four characters a token. */
const CHARACTERS_PER_TOKEN = 4;
/** As much of a message as is searched for words and values, so that no message keeps the process busy. */
const MAX_SEARCHED_LENGTH = 2000;

/** Decides what the demo model answers. The same request always gets the same reply. */
export function planReply(request: DemoRequest): DemoReply {
  const { text, recent } = sinceLastMessage(request.turns);
  const made = recent.flatMap((turn) =>
    turn.type === 'tool_call'
      ? [{ name: turn.name, arguments: parseArguments(turn.arguments) }]
      : [],
  );
  const wanted = chooseCalls(request, text, made);
  const seed = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 24);
  const calls = wanted.map((call: WantedCall, index) => ({
    callId: `call_${seed.slice(0, 20)}${index}`,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
  }));
  const full = calls.length > 0 ? null : answerText(request, text, recent);
  const limit = (request.maxOutputTokens ?? Number.POSITIVE_INFINITY) * CHARACTERS_PER_TOKEN;
  const answer = full !== null && full.length > limit ? full.slice(0, limit) : full;
  const said = answer ?? calls.map((call) => call.name + call.arguments).join('');
  return {
    seed,
    createdAtSeconds: Math.floor(Date.now() / 1000),
    text: answer,
    calls,
    truncated: answer !== full,
    inputTokens: countTokens(
      request.instructions + JSON.stringify(request.turns) + JSON.stringify(request.tools),
    ),
    outputTokens: countTokens(said),
  };
}

function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** The user's last message, and what the agent has done since. */
function sinceLastMessage(turns: readonly DemoTurn[]): {
  text: string;
  recent: readonly DemoTurn[];
} {
  const at = turns.findLastIndex((turn) => turn.type === 'user');
  const last = turns[at];
  const text = last?.type === 'user' ? last.text.slice(0, MAX_SEARCHED_LENGTH) : '';
  return { text, recent: turns.slice(at + 1) };
}

function answerText(request: DemoRequest, text: string, recent: readonly DemoTurn[]): string {
  const results = toolResults(recent);
  return request.outputSchema === null
    ? composeAnswer(request, text, results)
    : composeJson(request.outputSchema, { text, results });
}

/** Results of tools, without those of handoffs, which only say that they happened. */
function toolResults(recent: readonly DemoTurn[]): ToolResult[] {
  const names = new Map(
    recent.flatMap((turn) =>
      turn.type === 'tool_call' ? [[turn.callId, turn.name] as const] : [],
    ),
  );
  return recent.flatMap((turn) => {
    const name = turn.type === 'tool_result' ? (names.get(turn.callId) ?? 'tool') : '';
    return turn.type === 'tool_result' && !name.startsWith('transfer_to_')
      ? [{ name, text: turn.text }]
      : [];
  });
}

function parseArguments(text: string) {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}
