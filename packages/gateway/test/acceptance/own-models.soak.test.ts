import { testOwnModels } from './own-models.ts';

testOwnModels({
  ts: ['keyonly', 'azure', 'local'],
  py: ['ownkey', 'keyonly', 'chatapi', 'azure', 'azureenv', 'local'],
  mixed: ['py'],
});
