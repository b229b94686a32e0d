import { testHostileLabels } from './hostile-labels.ts';

testHostileLabels(200);
