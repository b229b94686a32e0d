import { responsesSuite } from './responses-suite.ts';

responsesSuite('py');
