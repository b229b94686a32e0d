import { testHostileLabels } from './hostile-labels.ts';

testHostileLabels(Number(process.env.ENDURANCE_NAMES ?? 10_000));
