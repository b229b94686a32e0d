/** Text of the SampleAgent that `dropgate init` writes: a tool of its own and one of the gateway, which the demo model, too, calls. */
export const sampleAgentFile = `import { Agent, tool } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
import { z } from 'zod';

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string().describe('Name of the city, such as Paris.') }),
  execute: async ({ city }) => \`It is sunny and 21 °C in \${city}.\`,
});

export const agent = new Agent({
  name: 'SampleAgent',
  instructions:
    'You answer questions about the weather in one sentence. Use get_weather. What to pack for a weather stands in sample/packing.md: read it with fetch_doc.',
  // One tool of its own, and one that the gateway runs.
  tools: [getWeather, gatewayTool('fetch_doc')],
});
`;

/** Text of the document that the SampleAgent reads. */
export const sampleDocumentFile = `# What to pack

- Sun: a hat, sunglasses and a bottle of water.
- Rain: an umbrella and a second pair of shoes.
- Snow: gloves, a scarf and boots.
`;

/** Text of the `agent.ts` that `dropgate new` writes. `name` has letters, digits, `.`, `_` and `-`. */
export function agentFile(name: string): string {
  return `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

// Dependencies: @openai/agents, openai and zod are there without an install. Name any other
// package in a package.json beside this file and run \`dropgate deps install\`: it goes into
// this folder, and no other agent sees it. A .env beside this file reaches this agent alone.

const findOrder = tool({
  name: 'find_order',
  description: 'Tells where an order is.',
  parameters: z.object({ order: z.string().describe('Number of the order, such as A-17.') }),
  execute: async ({ order }) => \`Order \${order} is on its way and arrives tomorrow.\`,
});

export const agent = new Agent({
  name: '${name}',
  instructions: 'You tell customers where their orders are, in one sentence. Use find_order.',
  tools: [findOrder],
});

// What the gateway can be told about this agent. Every field is optional.
// export const __gateway__ = {
//   agent: 'agent', // the one to serve, where the file has several
//   calls_at_load: 'refuse', // model calls while the file loads: refuse or allow
//   context: (request) => ({ name: request.key.name }), // run context of a request
//   model: 'gpt-5-mini', // model of this agent, over the one it names itself
//   upstream: 'openai', // server that answers its model calls
//   display_name: '${name}', // name in the list of models
//   description: 'Tells where orders are.', // shown in the list of models
//   tools: [], // gateway tools it may call, by name
//   tool_events: 'reasoning', // how callers see tool calls: off, reasoning, extension or openwebui
//   client_tools: 'ignore', // tools that a caller sends: ignore, reject or forward
//   client_settings: ['temperature'], // settings of a request that reach the model
//   accepts: ['image', 'file'], // what it takes beside text: image, file, file_id, audio
//   guardrail_response: 'content_filter', // a guardrail's stop: content_filter or error
//   sessions: true, // keeps chats of clients that name a session
//   task_prompts: 'run', // titles and the like for chat clients: run the agent, or plain for its model alone
//   max_turns: 10, // model calls of one run, at most
//   timeout_ms: 60_000, // how long one run may take
//   max_concurrent_runs: 8, // runs of it at the same time, at most
//   limits: { max_model_calls: 30, max_tool_calls: 60 }, // of each run
//   cwd: 'agent', // where relative paths begin: its own folder, or 'project'
//   watch: [], // files it reads with fs whose change reloads it
// };
`;
}

/** Text of the `agent.py` that `dropgate new --python` writes. `name` has letters, digits, `.`, `_` and `-`. */
export function pythonAgentFile(name: string): string {
  return `from agents import Agent, function_tool

# Dependencies: openai-agents is there once \`dropgate deps install\` has run in this project.
# Name any other package in a requirements.txt beside this file and run the command again: the
# agent gets a .venv of its own, and no other agent sees it. A .env beside this file reaches
# this agent alone.


@function_tool
def find_order(order: str) -> str:
    """Tells where an order is.

    Args:
        order: Number of the order, such as A-17.
    """
    return f"Order {order} is on its way and arrives tomorrow."


agent = Agent(
    name="${name}",
    instructions="You tell customers where their orders are, in one sentence. Use find_order.",
    tools=[find_order],
)

# What the gateway can be told about this agent. Every field is optional.
# __gateway__ = {
#     "agent": "agent",  # the one to serve, where the file has several
#     "calls_at_load": "refuse",  # model calls while the file loads: refuse or allow
#     "model": "gpt-5-mini",  # model of this agent, over the one it names itself
#     "context": lambda request: {"name": request["key"]["name"]},  # run context of a request
#     "upstream": "openai",  # server that answers its model calls
#     "display_name": "${name}",  # name in the list of models
#     "description": "Tells where orders are.",  # shown in the list of models
#     "tools": [],  # gateway tools it may call, by name
#     "tool_events": "reasoning",  # how callers see tool calls: off, reasoning, extension or openwebui
#     "client_tools": "ignore",  # tools that a caller sends: ignore, reject or forward
#     "client_settings": ["temperature"],  # settings of a request that reach the model
#     "accepts": ["image", "file"],  # what it takes beside text: image, file, file_id, audio
#     "guardrail_response": "content_filter",  # a guardrail's stop: content_filter or error
#     "sessions": True,  # keeps chats of clients that name a session
#     "task_prompts": "run",  # titles for chat clients: run the agent, or plain for its model alone
#     "max_turns": 10,  # model calls of one run, at most
#     "timeout_ms": 60_000,  # how long one run may take
#     "max_concurrent_runs": 8,  # runs of it at the same time, at most
#     "limits": {"max_model_calls": 30, "max_tool_calls": 60},  # of each run
#     "cwd": "agent",  # where relative paths begin: its own folder, or "project"
#     "watch": [],  # files it reads whose change reloads it
# }
`;
}
