import { loadedElsewhere, testUnmodified } from './module-unmodified.ts';

testUnmodified(loadedElsewhere);
