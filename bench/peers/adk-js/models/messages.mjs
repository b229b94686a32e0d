/** A request of ADK, whose contents are Gemini's, as one of chat completions. */
export function chatRequest(llmRequest, stream) {
  const { systemInstruction, tools } = llmRequest.config ?? {};
  const system =
    typeof systemInstruction === 'string' ? systemInstruction : textOf(systemInstruction);
  const declared = (tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
  return {
    model: 'bench-model',
    messages: [
      ...(system ? [{ role: 'system', content: system }] : []),
      ...llmRequest.contents.flatMap(messagesOf),
    ],
    ...(declared.length > 0 ? { tools: declared.map(toolOf) } : {}),
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function textOf(content) {
  return (content?.parts ?? []).map(({ text }) => text ?? '').join('');
}

function messagesOf({ role, parts = [] }) {
  const results = parts.flatMap(({ functionResponse }) => functionResponse ?? []);
  if (results.length > 0) {
    return results.map(({ id, response }) => ({
      role: 'tool',
      tool_call_id: id,
      content: JSON.stringify(response),
    }));
  }
  const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
  const content = textOf({ parts });
  if (role !== 'model') return [{ role: 'user', content }];
  if (calls.length === 0) return [{ role: 'assistant', content }];
  const tool_calls = calls.map(({ id, name, args }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(args ?? {}) },
  }));
  return [{ role: 'assistant', content: content || null, tool_calls }];
}

function toolOf({ name, description, parameters, parametersJsonSchema }) {
  const schema = parametersJsonSchema ?? lowerCased(parameters);
  return { type: 'function', function: { name, description, parameters: schema } };
}

/** Gemini says OBJECT and STRING where JSON Schema says object and string. */
function lowerCased(schema) {
  if (Array.isArray(schema)) return schema.map(lowerCased);
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'type' && typeof value === 'string' ? value.toLowerCase() : lowerCased(value),
    ]),
  );
}

/** A whole completion as ADK's response. */
export function llmResponse({ choices: [choice], usage }) {
  const { content, tool_calls = [] } = choice.message;
  const parts = content ? [{ text: content }] : [];
  for (const { id, function: called } of tool_calls) {
    const args = JSON.parse(called.arguments || '{}');
    parts.push({ functionCall: { id, name: called.name, args } });
  }
  return { content: { role: 'model', parts }, usageMetadata: usageOf(usage) };
}

/** Chunks as ADK's responses: each delta as a partial one, at the end one with all. */
export async function* llmResponses(chunks) {
  let text = '';
  let usage;
  const calls = [];
  for await (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    const { content, tool_calls = [] } = chunk.choices[0]?.delta ?? {};
    if (content) {
      text += content;
      yield { content: { role: 'model', parts: [{ text: content }] }, partial: true };
    }
    for (const { index, id, function: called } of tool_calls) {
      calls[index] ??= { id, function: { name: called.name, arguments: '' } };
      calls[index].function.arguments += called.arguments ?? '';
    }
  }
  yield llmResponse({ choices: [{ message: { content: text, tool_calls: calls } }], usage });
}

function usageOf(usage) {
  return {
    promptTokenCount: usage?.prompt_tokens,
    candidatesTokenCount: usage?.completion_tokens,
    totalTokenCount: usage?.total_tokens,
  };
}
