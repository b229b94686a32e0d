import { allWays, testOwnModels } from './own-models.ts';

testOwnModels({ ts: allWays, py: ['ownkey', 'replaced', 'azureenv', 'argument'] });
