import { allModules, loadedElsewhere, testUnmodified } from './module-unmodified.ts';

testUnmodified(allModules.filter((name) => !loadedElsewhere.includes(name)));
