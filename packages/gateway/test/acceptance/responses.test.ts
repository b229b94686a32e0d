import { responsesSuite } from './responses-suite.ts';

responsesSuite('ts');
