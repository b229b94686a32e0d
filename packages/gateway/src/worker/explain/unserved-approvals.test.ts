import * as sdk from '@openai/agents';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { guardTools } from '../run/guard-tools.ts';
import { findUnservedApprovals } from './unserved-approvals.ts';

test('an old SDK is told the version with which a run waits within an agent that is a tool', async () => {
  const wipe = (name: string) =>
    sdk.tool({
      name,
      description: 'x',
      parameters: z.object({}),
      needsApproval: true,
      execute: () => 'x',
    });
  const expert = new sdk.Agent({ name: 'Expert', tools: [wipe('inner')] });
  guardTools(sdk, expert);
  const tools = [wipe('outer'), expert.asTool({ toolName: 'expert', toolDescription: 'x' })];
  const agent = new sdk.Agent({ name: 'Desk', tools });
  const entry = { file: 'agent.ts', text: 'const a = 1;\nneedsApproval: true' };
  const source = { entry, topLevel: { values: {}, facts: {} as never } };
  const found = (copy: object) =>
    findUnservedApprovals({ kind: 'agent', agent, sdk: { ...copy } }, source);
  expect(await found(sdk)).toEqual([]);
  expect(await found({ RunState: class {} })).toMatchObject([
    {
      code: 'approval_not_served',
      severity: 'warning',
      message: expect.stringContaining('`inner` of agent "Expert" may need approval.'),
      hint: 'Use @openai/agents 0.4.4 or newer.',
      line: 2,
    },
  ]);
});
