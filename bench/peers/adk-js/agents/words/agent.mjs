import { LlmAgent } from '@google/adk';
import { model } from '../../models/model.mjs';

export const rootAgent = new LlmAgent({
  name: 'words',
  instruction: 'Answer in one sentence.',
  model,
});
