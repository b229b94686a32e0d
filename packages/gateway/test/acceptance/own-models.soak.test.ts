import { testOwnModels } from './own-models.ts';

testOwnModels({ ts: [], py: ['ownkey', 'keyonly', 'chatapi', 'azure', 'azureenv', 'local'] });
