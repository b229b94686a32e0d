import { replaySuite } from './replay-suite.ts';

replaySuite('by day');
