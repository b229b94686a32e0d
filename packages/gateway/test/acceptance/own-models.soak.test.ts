import { testOwnModels } from './own-models.ts';

testOwnModels({ ts: [], py: ['keyonly', 'chatapi', 'azure', 'local'] });
