import { Agent, OpenAIProvider, setDefaultModelProvider } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import { eventsOf, loadedModule, modelAt, runInput } from '../../../test/support/worker-run.ts';

describe('what a caller asks for', () => {
  test('gives only the settings of a caller that the module allows, over its own', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const agent = new Agent({
      name: 'Sample',
      model: modelAt(upstream.baseUrl, 'chat_completions'),
      modelSettings: { temperature: 0.1, frequencyPenalty: 0.2, providerData: { user: 'me' } },
    });
    const settings = { temperature: 0.9, topP: 0.5, seed: 7, stop: ['END'], maxOutputTokens: 9 };
    const module = loadedModule(agent, {
      settings: { clientSettings: ['temperature', 'seed', 'stop'] },
    });
    await eventsOf(module, { input: runInput({ settings }) });
    const body = upstream.calls[0]?.body;
    expect(body).toMatchObject({
      temperature: 0.9,
      frequency_penalty: 0.2,
      seed: 7,
      stop: ['END'],
      user: 'me',
      max_tokens: 9,
    });
    expect(body).not.toHaveProperty('top_p');
    expect(agent.modelSettings.temperature).toBe(0.1);
  });

  test('hands the conversation to the model in order, pictures and files included', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const agent = new Agent({
      name: 'Sample',
      instructions: 'Be brief.',
      model: modelAt(upstream.baseUrl, 'chat_completions'),
    });
    const image = { type: 'image', url: 'data:image/png;base64,AA==', detail: 'low' } as const;
    const input = runInput({
      items: [
        { role: 'system', text: 'Speak French.' },
        { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', text: 'Salut' },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'What is this?' },
            image,
            { type: 'file', data: 'JVBERi0=', filename: 'a.pdf' },
            { type: 'audio', data: 'AAAA', format: 'wav' },
          ],
        },
      ],
    });
    await eventsOf(loadedModule(agent), { input });
    expect(upstream.calls[0]?.body.messages).toMatchObject([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Speak French.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'text', text: 'Salut' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: image.url, detail: 'low' } },
          { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ],
      },
    ]);
  });

  test('keeps its listeners and its class when a caller asks for settings', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    class Polite extends Agent {
      override async getSystemPrompt(): Promise<string> {
        return 'Be polite.';
      }
    }
    const agent = new Polite({ name: 'Sample', model: modelAt(upstream.baseUrl) });
    const starts: string[] = [];
    agent.on('agent_start', (_context, started) => void starts.push(started.name));
    await eventsOf(loadedModule(agent), { input: runInput({ settings: { maxOutputTokens: 5 } }) });
    expect(starts).toEqual(['Sample']);
    expect(upstream.calls[0]?.body.instructions).toBe('Be polite.');
  });

  test('reaches agents without settings of their own, on either API', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl) });
    const settings = {
      reasoningEffort: 'low',
      verbosity: 'high',
      serviceTier: 'flex',
      topP: 0.5,
      parallelToolCalls: false,
      seed: 7,
    };
    const clientSettings = Object.keys(settings) as (keyof typeof settings)[];
    await eventsOf(loadedModule(agent, { settings: { clientSettings } }), {
      input: runInput({ settings }),
    });
    expect(upstream.calls[0]?.body).toMatchObject({
      reasoning: { effort: 'low' },
      text: { verbosity: 'high' },
      service_tier: 'flex',
      top_p: 0.5,
    });
    expect(upstream.calls[0]?.body).not.toHaveProperty('seed');
  });

  test('does not reach the next run', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl) });
    const module = loadedModule(agent);
    await eventsOf(module, { input: runInput({ settings: { maxOutputTokens: 5 } }) });
    await eventsOf(module);
    expect(upstream.calls.map(({ body }) => body.max_output_tokens)).toEqual([5, undefined]);
  });

  test('goes by the API of the model that the provider gives an agent', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const { baseUrl: baseURL } = upstream;
    setDefaultModelProvider(new OpenAIProvider({ apiKey: 'k', baseURL, useResponses: false }));
    const agent = new Agent({ name: 'Sample', model: 'gpt-test' });
    const module = loadedModule(agent, { settings: { clientSettings: ['seed'] } });
    await eventsOf(module, { input: runInput({ settings: { seed: 7 } }) });
    expect(upstream.calls[0]).toMatchObject({
      path: '/v1/chat/completions',
      body: { model: 'gpt-test', seed: 7 },
    });
  });
});
