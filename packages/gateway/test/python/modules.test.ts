import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processStat } from '../../src/system/processes.ts';
import { until } from '../acceptance/until.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker } from '../support/python-worker.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { writeFiles } from '../support/temp-folder.ts';
import { runInput, textOf } from '../support/worker-run.ts';

const missing = await missingPython();

/** As Agent Builder exports it, unchanged. */
const builderExport = `
from agents import Agent, ModelSettings, TResponseInputItem, Runner, RunConfig, trace
from openai import AsyncOpenAI
from pydantic import BaseModel

client = AsyncOpenAI()

class ClassifierSchema(BaseModel):
  topic: str

classifier = Agent(name="Classifier", instructions="Classify.", output_type=ClassifierSchema)
agent = Agent(name="Agent", instructions="Write.", model_settings=ModelSettings(store=True))

def approval_request(message: str):
  # TODO: Implement
  return True

class WorkflowInput(BaseModel):
  input_as_text: str

async def run_workflow(workflow_input: WorkflowInput):
  with trace("New workflow"):
    workflow = workflow_input.model_dump()
    conversation_history: list[TResponseInputItem] = [
      {"role": "user", "content": [{"type": "input_text", "text": workflow["input_as_text"]}]}
    ]
    first_temp = await Runner.run(
      classifier,
      input=[*conversation_history],
      run_config=RunConfig(trace_metadata={"workflow_id": "wf_1"})
    )
    first = {
      "output_text": first_temp.final_output.json(),
      "output_parsed": first_temp.final_output.model_dump()
    }
    conversation_history.extend([item.to_input_item() for item in first_temp.new_items])
    second_temp = await Runner.run(agent, input=[*conversation_history])
    return {"output_text": f"{second_temp.final_output_as(str)}"}
`;

/** An MCP server over stdio with one tool, in as much of the protocol as that takes. */
const shouter = `
import json, sys

tool = {
    "name": "shout",
    "description": "Shouts.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
}
for line in sys.stdin:
    message = json.loads(line)
    method, params = message.get("method"), message.get("params") or {}
    if "id" not in message:
        continue
    reply = {"jsonrpc": "2.0", "id": message["id"]}
    if method == "initialize":
        version = params.get("protocolVersion", "2025-06-18")
        info = {"name": "shouter", "version": "1"}
        reply["result"] = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    elif method == "tools/list":
        reply["result"] = {"tools": [tool]}
    elif method == "tools/call":
        text = params["arguments"]["text"].upper() + "!"
        reply["result"] = {"content": [{"type": "text", "text": text}]}
    else:
        reply["error"] = {"code": -32601, "message": "Unknown method"}
    print(json.dumps(reply), flush=True)
`;

const unending = `
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(f"{os.getpid()}.pid", "w").close()
`;

const forever = `
while True:
    time.sleep(60)
`;

const conversation = [
  { role: 'user', parts: [{ type: 'text', text: 'Hello' }] },
  { role: 'assistant', text: 'Hi.' },
  { role: 'user', parts: [{ type: 'text', text: 'A poem, please.' }] },
] as const;

describe.skipIf(missing)(`Python modules of other shapes (${missing ?? 'runs'})`, () => {
  test('an Agent Builder export streams its last step and knows the earlier conversation', async () => {
    const turns = [{ text: ['{"topic":"verse"}'] }, { text: ['Roses ', 'are red.'] }];
    const upstream = await startUpstream(...turns, ...turns);
    const { worker, manifest } = await loadedWorker(
      { 'agent.py': builderExport },
      upstream.baseUrl,
    );
    expect(manifest).toMatchObject({ kind: 'workflow', exportName: 'run_workflow', agents: [] });
    expect(manifest.warnings).toMatchObject([{ code: 'approval_stub', line: 14 }]);
    const input = runInput({ items: conversation, streamed: true });
    const events = await worker.eventsOf('', { input });
    expect(textOf(events)).toBe('Roses are red.');
    expect(events[0]).toEqual({ type: 'reasoning', delta: '{"topic":"verse"}' });
    expect(events.at(-1)).toMatchObject({ type: 'finished', usage: { requests: 2 } });
    expect(upstream.calls[0]?.body.input).toHaveLength(3);
    expect(upstream.calls[1]?.body.input).toHaveLength(4);
    expect(upstream.calls.map(({ headers }) => headers['x-dropgate-run'])).toEqual([
      'run_1',
      'run_1',
    ]);
    const whole = await worker.eventsOf('', { input: runInput({ items: conversation }) });
    expect(textOf(whole)).toBe('Roses are red.');
  });

  test('the object with run_sync gets what it asks for, off the loop, and may run agents itself', async () => {
    const upstream = await startUpstream({ text: ['Inner.'] });
    const module = `
import threading
from agents import Agent, Runner
from openai import OpenAI

helper = Agent(name="Helper")

class Sync:
    def run_sync(self, *, messages, request, policy, client):
        assert threading.current_thread() is not threading.main_thread()
        assert isinstance(client, OpenAI) and policy["otherwise"] == "allow"
        inner = Runner.run_sync(helper, messages[-1]["content"])
        return f"{request['model']}: {inner.final_output}"

written = Sync()
`;
    const { worker, manifest } = await loadedWorker({ 'agent.py': module }, upstream.baseUrl);
    expect(manifest).toMatchObject({ kind: 'runnable', exportName: 'written' });
    expect(await worker.eventsOf('Hi')).toMatchObject([
      { type: 'text', delta: 'default/sample: Inner.' },
      { type: 'finished', usage: { requests: 1 } },
    ]);
  });

  test('gateway tools are called over the channel, by their new and their old import', async () => {
    const turn = { calls: [{ name: 'fetch_doc', args: { url: 'a.md' } }] };
    const upstream = await startUpstream(turn, { text: ['Read.'] }, turn, { text: ['Not read.'] });
    const module = `
from agents import Agent
from dropgate import gateway_tool
from sdk_adapter.gateway_tools import use_gateway_tool

agent = Agent(
    name="Reader",
    tools=[gateway_tool("fetch_doc"), use_gateway_tool("other", description="Another one.")],
)
`;
    const { worker, manifest } = await loadedWorker({ 'agent.py': module }, upstream.baseUrl);
    expect(manifest.agents[0]?.tools).toMatchObject([
      { name: 'fetch_doc', type: 'gateway' },
      { name: 'other', description: 'Another one.' },
    ]);
    const first = worker.eventsOf('Read');
    const asked = await worker.next('question');
    const question = { ask: 'call_tool', tool: 'fetch_doc', arguments: { url: 'a.md' } };
    expect(asked.question).toEqual({ ...question, toolCallId: expect.any(String) });
    const whole = Buffer.from('Grüße');
    worker.send({ type: 'tool_result', callId: asked.callId }, whole.subarray(0, 3));
    worker.send({ type: 'tool_result', callId: asked.callId, outcome: 'ok' }, whole.subarray(3));
    expect(await first).toMatchObject([
      { type: 'tool_started', tool: 'fetch_doc', provenance: 'gateway' },
      { type: 'tool_ended', outcome: 'ok' },
      { type: 'text', delta: 'Read.' },
      { type: 'finished' },
    ]);
    expect(JSON.stringify(upstream.calls[1]?.body.input)).toContain('Grüße');
    const second = worker.eventsOf('Read');
    const { callId } = await worker.next('question');
    worker.send({ type: 'refusal', callId, message: 'No such tool is configured.' });
    expect((await second).at(-1)).toMatchObject({ type: 'finished' });
    expect(JSON.stringify(upstream.calls[3]?.body.input)).toContain('No such tool is configured.');
  });

  test('gateway tools that a module gives its agent are there where the caller asks for a schema', async () => {
    const upstream = await startUpstream({ text: ['{}'] });
    const module = `
from agents import Agent
agent = Agent(name="Reader")
__gateway__ = {"tools": ["fetch_doc"]}
`;
    const { worker } = await loadedWorker({ 'agent.py': module }, upstream.baseUrl);
    const parameters = { type: 'object', properties: {} };
    const tool = { name: 'fetch_doc', description: 'Fetches.', parameters };
    worker.send({ type: 'tools_changed', tools: { tools: [tool], offered: [] } });
    const outputFormat = { type: 'json_schema', name: 'x', schema: {}, strict: false } as const;
    await worker.eventsOf('Read', { input: runInput({ outputFormat }) });
    expect(upstream.calls[0]?.body.tools).toMatchObject([{ name: 'fetch_doc' }]);
  });

  test('a gateway tool tells the model where there is no gateway', async () => {
    const module = `
import asyncio
from dropgate import gateway_tool

told = asyncio.run(gateway_tool("fetch_doc").on_invoke_tool(None, "{}"))


def run():
    return told
`;
    const { worker } = await loadedWorker({ 'agent.py': module });
    expect(textOf(await worker.eventsOf('What?'))).toBe(
      'The gateway tool "fetch_doc" can be called only in a run of the gateway.',
    );
  });

  test('tool servers left unconnected are connected; an agent runs without those that are away, until they come', async () => {
    const turn = { calls: [{ name: 'shout', args: { text: 'hi' } }] };
    const upstream = await startUpstream(turn, { text: ['HI'] });
    const module = `
import sys
from agents import Agent
from agents.mcp import MCPServerStdio

server = MCPServerStdio(params={"command": sys.executable, "args": ["shouter.py"]}, name="shouter")
late = MCPServerStdio(params={"command": sys.executable, "args": ["late.py"]}, name="late")
broken = MCPServerStdio(params={"command": "/does/not/exist", "args": []}, name="broken")
spare = Agent(name="Spare", mcp_servers=[broken])
agent = Agent(name="Shouter", mcp_servers=[server, late], handoffs=[spare])
`;
    const stubborn = `${unending}${shouter}\n${forever}`;
    const lateServer = `open("config.json")\n${stubborn.replaceAll('shout"', 'whisper"')}`;
    const files = { 'agent.py': module, 'shouter.py': stubborn, 'late.py': lateServer };
    const { worker, manifest } = await loadedWorker(files, upstream.baseUrl);
    expect(manifest.agents[0]).toMatchObject({ mcpServers: ['shouter', 'late'] });
    const code = 'mcp_server_unreachable';
    expect(manifest.warnings).toMatchObject([
      {
        code,
        message: expect.stringMatching(
          /"late" cannot be connected: .* It wrote: FileNotFoundError: .*'config\.json'$/,
        ),
      },
      { code, message: expect.stringMatching(/"broken" cannot be connected: .*No such file/) },
    ]);
    expect(await worker.eventsOf('hi')).toMatchObject([
      { type: 'tool_started', tool: 'shout', provenance: 'mcp' },
      { type: 'tool_ended', outcome: 'ok' },
      { type: 'text', delta: 'HI' },
      { type: 'finished' },
    ]);
    expect(JSON.stringify(upstream.calls[1]?.body.input)).toContain('HI!');
    expect(JSON.stringify(upstream.calls[0]?.body.tools)).not.toContain('whisper');

    const folder = dirname(manifest.files[0]?.path ?? '');
    await writeFiles(folder, { 'config.json': '' });
    await until('the late server', async () => {
      await worker.eventsOf('again', { runId: `run_${upstream.calls.length}` });
      return JSON.stringify(upstream.calls.at(-1)?.body.tools).includes('whisper');
    });
    // The gateway is gone: what nothing asked of it ends is killed.
    const pids = (await readdir(folder)).flatMap((name) => name.match(/^\d+/) ?? []).map(Number);
    expect(pids).toHaveLength(2);
    worker.hangUp();
    await worker.ended;
    await until('its servers to end', () => pids.every((pid) => processStat(pid) === null));
  });
});
