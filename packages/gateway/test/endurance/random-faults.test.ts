import { testRandomFaults } from './random-faults.ts';

testRandomFaults({ seconds: null, most: 16, servesWithinMs: null });
