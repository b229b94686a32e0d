import { testRandomFaults } from './random-faults.ts';

const seconds = Number(process.env.FAULT_SECONDS ?? 600);

testRandomFaults({ seconds, most: 200, servesWithinMs: 5000 });
