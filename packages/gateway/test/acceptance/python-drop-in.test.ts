import { expect, test } from 'vitest';
import { call, diagnosticsOf } from './call.ts';
import { startGateway } from './harness.ts';

const python = 'from agents import Agent\n\nagent = Agent(name="Plain")\n';

const typeScript = "export const agent = { run: () => 'one' };\n";

test('without a Python its agents are told of in plain words, and the others serve', async () => {
  const gateway = await startGateway({
    files: { 'src/agents/Script/agent.ts': typeScript, 'src/agents/Plain/agent.py': python },
    env: { GATEWAY_PYTHON: '/nowhere/python3' },
  });
  try {
    const answer = await call(gateway, gateway.key, { model: 'default/plain' });
    expect(answer).toMatchObject({ status: 503, error: { code: 'agent_unavailable' } });
    expect(await diagnosticsOf(gateway, 'default/plain')).toMatchObject([
      {
        stage: 'dependencies',
        code: 'python_missing',
        message: 'GATEWAY_PYTHON names /nowhere/python3, which cannot be started.',
      },
    ]);
    const script = await call(gateway, gateway.key, { model: 'default/script' });
    expect(script.content).toBe('one');
  } finally {
    await gateway.stop();
  }
});
