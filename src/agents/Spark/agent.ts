import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const rollDice = tool({
  name: 'roll_dice',
  description: 'Rolls dice and gives each result.',
  parameters: z.object({
    count: z.number().int().min(1).max(20).describe('How many dice to roll.'),
  }),
  execute: async ({ count }) =>
    Array.from({ length: count }, () => 1 + Math.floor(Math.random() * 6)).join(', '),
});

const gamemaster = new Agent({
  name: 'Gamemaster',
  handoffDescription: 'Runs games: dice, chance, quizzes.',
  instructions: 'You run small games. Roll dice with roll_dice whenever chance decides.',
  tools: [rollDice],
});

export const agent = Agent.create({
  name: 'Spark',
  instructions: 'You spark ideas in two or three lines. Hand games over to the Gamemaster.',
  handoffs: [gamemaster],
});
