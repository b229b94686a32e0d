/**
 * Programs of callers, in the libraries that callers use. Each asks the model of `MODEL` at `BASE`, and prints as JSON
 * what became of: a tool of its own, a call that was approved, one that was denied; first whole, then streamed.
 */
export const clientPrograms = {
  /** `openai` of Python, over chat completions and over Responses. */
  openaiPython: `
import json
import os
import re

from openai import OpenAI

client = OpenAI(base_url=os.environ["BASE"], api_key=os.environ["KEY"], max_retries=0)
model = os.environ["MODEL"]
parameters = {"type": "object", "properties": {"times": {"type": "integer"}}}
ring = {"name": "ring", "description": "Rings.", "parameters": parameters}
told = []


def chat(messages, streamed):
    asked = {"model": model, "messages": messages, "tools": [{"type": "function", "function": ring}]}
    if not streamed:
        return client.chat.completions.create(**asked).choices[0].message
    with client.chat.completions.stream(**asked) as stream:
        return stream.get_final_completion().choices[0].message


def respond(streamed, **asked):
    asked = {"model": model, "tools": [{"type": "function", "strict": False, **ring}], **asked}
    if not streamed:
        return client.responses.create(**asked)
    with client.responses.stream(**asked) as stream:
        return stream.get_final_response()


def user(content):
    return {"role": "user", "content": content}


def answer_in_chat(word, streamed):
    first = user('call erase {"thing":"Rome"}')
    content = chat([first], streamed).content
    code = re.search("\`" + word + " ([0-9A-Z-]{9})", content)[1]
    messages = [first, {"role": "assistant", "content": content}, user(f"{word} {code}")]
    told.append(chat(messages, streamed).content)


def answer_items(approve, streamed):
    request = respond(streamed, input='call erase {"thing":"Rome"}').output[-1]
    answer = {"type": "mcp_approval_response", "approval_request_id": request.id, "approve": approve}
    told.append(respond(streamed, input=[answer]).output_text)


for streamed in (False, True):
    first = user('call ring {"times":2}')
    [call] = chat([first], streamed).tool_calls
    function = {"name": call.function.name, "arguments": call.function.arguments}
    called = {"role": "assistant", "content": None, "tool_calls": [{"id": call.id, "type": "function", "function": function}]}
    told.append(chat([first, called, {"role": "tool", "tool_call_id": call.id, "content": "Ding"}], streamed).content)
    answer_in_chat("approve", streamed)
    answer_in_chat("deny", streamed)
    asked = respond(streamed, input='call ring {"times":2}')
    result = {"type": "function_call_output", "call_id": asked.output[-1].call_id, "output": "Ding"}
    told.append(respond(streamed, previous_response_id=asked.id, input=[result]).output_text)
    answer_items(True, streamed)
    answer_items(False, streamed)
print(json.dumps(told))
`,

  /** The provider of the AI SDK for OpenAI, over Responses. */
  aiSdk: `
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

const { BASE, KEY, MODEL } = process.env;
const provider = createOpenAI({ baseURL: BASE, apiKey: KEY });
const model = provider.responses(MODEL);
const told = [];

async function ask(isStreamed, asked) {
  if (!isStreamed) return generateText({ model, maxRetries: 0, ...asked });
  const result = streamText({ model, maxRetries: 0, ...asked });
  await result.consumeStream();
  const [text, content, response] = await Promise.all([result.text, result.content, result.response]);
  return { text, content, response };
}

async function answer(isStreamed, approved) {
  const mcp = provider.tools.mcp({ serverLabel: 'dropgate', serverUrl: BASE, requireApproval: 'always' });
  const messages = [{ role: 'user', content: 'call erase {"thing":"Rome"}' }];
  const asked = await ask(isStreamed, { messages, tools: { mcp } });
  const { approvalId } = asked.content.find(({ type }) => type === 'tool-approval-request');
  const part = { type: 'tool-approval-response', approvalId, approved, providerExecuted: true };
  messages.push(...asked.response.messages, { role: 'tool', content: [part] });
  told.push((await ask(isStreamed, { messages, tools: { mcp } })).text);
}

for (const isStreamed of [false, true]) {
  const ring = tool({ description: 'Rings.', inputSchema: z.object({ times: z.number() }), execute: () => 'Ding' });
  const asked = { prompt: 'call ring {"times":2}', tools: { ring }, stopWhen: isStepCount(4) };
  told.push((await ask(isStreamed, asked)).text);
  await answer(isStreamed, true);
  await answer(isStreamed, false);
}
console.log(JSON.stringify(told));
`,

  /** LangChain over Responses. */
  langchain: `
import { HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

const { BASE, KEY, MODEL } = process.env;
const model = new ChatOpenAI({ model: MODEL, apiKey: KEY, useResponsesApi: true, maxRetries: 0, configuration: { baseURL: BASE } });
const told = [];

async function ask(isStreamed, asked, messages) {
  if (!isStreamed) return asked.invoke(messages);
  let whole;
  for await (const piece of await asked.stream(messages)) whole = whole ? whole.concat(piece) : piece;
  return whole;
}

async function answer(isStreamed, approve) {
  const messages = [new HumanMessage('call erase {"thing":"Rome"}')];
  const asked = await ask(isStreamed, model, messages);
  const request = asked.additional_kwargs.tool_outputs.find(({ type }) => type === 'mcp_approval_request');
  const part = { type: 'mcp_approval_response', approval_request_id: request.id, approve };
  told.push((await ask(isStreamed, model, [...messages, asked, new HumanMessage({ content: [part] })])).text);
}

for (const isStreamed of [false, true]) {
  const ring = tool(() => 'Ding', { name: 'ring', description: 'Rings.', schema: z.object({ times: z.number() }) });
  const withRing = model.bindTools([ring]);
  const messages = [new HumanMessage('call ring {"times":2}')];
  const asked = await ask(isStreamed, withRing, messages);
  const result = await ring.invoke(asked.tool_calls[0]);
  told.push((await ask(isStreamed, withRing, [...messages, asked, result])).text);
  await answer(isStreamed, true);
  await answer(isStreamed, false);
}
console.log(JSON.stringify(told));
`,
} as const;
