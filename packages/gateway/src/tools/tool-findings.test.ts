import { expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import { toolFindings } from './tool-findings.ts';

const load = { entry: '/p/src/agents/A/agent.ts', folder: '/p/src/agents/A' };

const toolsOf = (known: string[]) => ({
  list: () => known.map((name) => ({ name })),
  mayHave: (name: string) => name.startsWith('files_'),
});

/** Of an agent whose own tool is `get_weather`, and a gateway with some tools. */
async function messagesOf(gatewayTools: string[], known: string[]): Promise<string[]> {
  return (await toolFindings(sampleManifest({ gatewayTools }), load, toolsOf(known))).map(
    ({ message }) => message,
  );
}

test('a gateway tool that there is not is told with the nearest name', async () => {
  expect(await messagesOf(['fetch_doc', 'stoks'], ['fetch_doc', 'stocks'])).toEqual([
    'There is no gateway tool "stoks", so the model is not told of it. Did you mean "stocks"?',
  ]);
});

test('a tool of an agent’s own in place of the gateway’s of its name is told', async () => {
  expect(await messagesOf(['get_weather'], ['get_weather'])).toEqual([
    'Agent "Sample" has a tool of its own called "get_weather", which is used in place of the gateway\'s.',
  ]);
});

test('a tool that a server may yet tell of is not called unknown', async () => {
  expect(await messagesOf(['files_read'], ['fetch_doc'])).toEqual([]);
});
