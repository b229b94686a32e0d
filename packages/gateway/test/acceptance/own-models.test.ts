import { allWays, testOwnModels } from './own-models.ts';

testOwnModels({ ts: allWays, py: ['replaced', 'argument'] });
