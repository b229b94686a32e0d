import { testOwnModels } from './own-models.ts';

testOwnModels({
  ts: ['ownkey', 'replaced', 'chatapi', 'azureenv', 'argument'],
  py: ['replaced', 'argument'],
  mixed: ['ts'],
});
