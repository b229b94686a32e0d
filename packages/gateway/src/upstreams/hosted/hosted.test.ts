import { describe, expect, test } from 'vitest';
import { remote, startBrokerOver, startUpstream, ways } from '../../../test/support/broker-kit.ts';
import type {
  DeniedHostedTools,
  HostedQuestion,
  HostedTool,
} from '../../protocol/tools/hosted-tools.ts';

const run = { type: 'function', name: 'run', parameters: { type: 'object', properties: {} } };
const search = { type: 'web_search_preview_2025_03_11' };
const drawing = { type: 'image_generation' };
const github = {
  type: 'mcp',
  server_label: 'innocent',
  server_url: 'https://mcp.github.example/sse',
  require_approval: 'never',
};

/** A broker that denies these tools, and what its upstream was sent. */
async function scene(
  way: (typeof ways)[number],
  denied: readonly string[],
  denies: DeniedHostedTools = 'remove',
  approved: readonly string[] = [],
) {
  const bodies: string[] = [];
  const asked: HostedTool[] = [];
  const { baseUrl } = await startUpstream(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    bodies.push(Buffer.concat(pieces).toString());
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
  const hosted = {
    decide: (_of: unknown, tool: HostedTool) => {
      asked.push(tool);
      if (approved.includes(tool.name)) return 'require_approval' as const;
      return [tool.name, ...tool.aliases].some((name) => denied.includes(name))
        ? ('deny' as const)
        : ('allow' as const);
    },
    isApproved: (_of: unknown, { id, tool }: HostedQuestion) =>
      id === 'mcpr_yes' || tool === 'pull',
    denied: () => denies,
  };
  const { send } = await startBrokerOver(way)(
    [remote(baseUrl)],
    undefined,
    'allow',
    {},
    {
      hosted,
    },
  );
  const ask = async (body: object | string, path = '/responses') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await send(path, { body: text });
    const { error }: any = await answer.json();
    return { status: answer.status, message: error?.message as string | undefined };
  };
  return { ask, bodies, asked: () => asked.map(({ name }) => name) };
}

describe.each(ways)('a model request over %s', (way) => {
  test('loses the hosted tools that rules deny, and keeps the others', async () => {
    const { ask, bodies, asked } = await scene(way, ['web_search', 'mcp:mcp.github.example']);
    const given = {
      model: 'm',
      input: 'Hi',
      tool_choice: 'auto',
      tools: [run, search, drawing, github],
    };
    expect(await ask(given)).toMatchObject({ status: 200 });
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ ...given, tools: [run, drawing] });
    expect(asked()).toEqual(['web_search', 'image_generation', 'mcp:mcp.github.example']);
  });

  test('without any tool left has none of the fields about them', async () => {
    const { ask, bodies } = await scene(way, ['web_search']);
    await ask({
      model: 'm',
      input: 'Hi',
      tools: [search],
      parallel_tool_calls: true,
      tool_choice: 'auto',
    });
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ model: 'm', input: 'Hi' });
  });

  test('is refused where the settings say so, or where it is told to use the tool', async () => {
    const refusing = await scene(way, ['web_search'], 'refuse');
    const told = {
      status: 403,
      message:
        "The gateway's rules do not let this agent use web_search, which this model call asks the upstream for.",
    };
    expect(await refusing.ask({ model: 'm', input: 'Hi', tools: [search] })).toEqual(told);
    const removing = await scene(way, ['web_search']);
    const forced = { model: 'm', input: 'Hi', tools: [search], tool_choice: search };
    expect(await removing.ask(forced)).toEqual(told);
    expect([...refusing.bodies, ...removing.bodies]).toEqual([]);
  });

  test('makes a server ask before each call that a person has to approve', async () => {
    const { ask, bodies } = await scene(way, ['web_search'], 'remove', ['mcp:mcp.github.example']);
    const given = { model: 'm', input: 'Hi', tools: [search, github, run] };
    expect(await ask(given)).toMatchObject({ status: 200 });
    const asking = { ...github, require_approval: 'always' };
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ ...given, tools: [asking, run] });
  });

  test('is refused where a person would have to approve a tool that cannot ask', async () => {
    const { ask, bodies } = await scene(way, [], 'remove', ['web_search']);
    expect(await ask({ model: 'm', input: 'Hi', tools: [search, github] })).toMatchObject({
      status: 403,
      message: expect.stringMatching(/^A rule wants a person to approve each use of web_search,/),
    });
    expect(bodies).toEqual([]);
  });

  test('is refused where it says approved what no person approved', async () => {
    const { ask, bodies } = await scene(way, [], 'remove', ['mcp:mcp.github.example']);
    const question = (id: string, server_label: string, name = 'push') => {
      return { type: 'mcp_approval_request', id, server_label, name, arguments: '{}' };
    };
    const answered = (id: string, approve = true) => {
      return { type: 'mcp_approval_response', approval_request_id: id, approve };
    };
    const asked = (...items: object[]) => ask({ model: 'm', input: items, tools: [github] });
    const statuses = [
      await asked(question('mcpr_yes', 'innocent'), answered('mcpr_yes')),
      await asked(question('mcpr_no', 'innocent'), answered('mcpr_no', false)),
      await asked(question('mcpr_all', 'innocent', 'pull'), answered('mcpr_all')),
      await asked(question('mcpr_other', 'elsewhere'), answered('mcpr_other')),
      await asked(question('mcpr_no', 'innocent'), answered('mcpr_no')),
      await asked(answered('mcpr_no')),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 200, 403, 403]);
    expect(bodies).toHaveLength(4);
  });

  test('that declares none is sent byte for byte, and nobody is asked', async () => {
    const { ask, bodies, asked } = await scene(way, ['web_search']);
    const texts = [
      '{ "model": "m",  "input": "say \\"tools\\": [{\\"type\\": \\"web_search\\"}]" }',
      JSON.stringify({
        model: 'm',
        tools: [run],
        input: [{ type: 'message', role: 'user', content: 'é\n' }],
      }),
      '{"model":"m","input":"\\u001b[31m","tools":[]}',
    ];
    for (const text of texts) await ask(text);
    expect(bodies).toEqual(texts);
    expect(asked()).toEqual([]);
  });

  test.each([
    ['escapes in its field', '{"model":"m","t\\u006fols":[{"type":"web_search"}]}'],
    ['escapes in its type', '{"model":"m","tools":[{"type":"web\\u005fsearch"}]}'],
    ['escapes in the name of its type', '{"model":"m","tools":[{"t\\u0079pe":"web_search"}]}'],
    ['a second field before', '{"model":"m","tools":[{"type":"web_search"}],"tools":[]}'],
    ['a second field behind', '{"model":"m","tools":[],"tools":[{"type":"web_search"}]}'],
    ['spaces', '{"model":"m","tools" :\n[ { "type" :\t"web_search" } ] }'],
    ['a namespace', '{"model":"m","tools":[{"type":"namespace","tools":[{"type":"web_search"}]}]}'],
  ])('cannot hide one with %s', async (_how, text) => {
    const { ask, bodies } = await scene(way, ['web_search']);
    expect(await ask(text)).toMatchObject({ status: 200 });
    expect(JSON.parse(bodies[0] ?? '').tools ?? []).toEqual([]);
    expect(bodies[0]).not.toContain('search');
  });

  test('in another encoding is refused', async () => {
    const { ask, bodies } = await scene(way, ['web_search']);
    expect(await ask('\u0000{"model":"m"}')).toMatchObject({ status: 400 });
    expect(bodies).toEqual([]);
  });

  test('of the chat API loses its search', async () => {
    const { ask, bodies } = await scene(way, ['web_search']);
    await ask({ model: 'm', messages: [], web_search_options: {} }, '/chat/completions');
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ model: 'm', messages: [] });
  });

  test('with a prompt that the upstream keeps is refused where that is denied', async () => {
    const { ask, asked } = await scene(way, ['prompt:pmpt_1']);
    const kept = { model: 'm', input: 'Hi', prompt: { id: 'pmpt_1' } };
    expect(await ask(kept)).toMatchObject({ status: 403 });
    expect(asked()).toEqual(['prompt:pmpt_1']);
  });
});
