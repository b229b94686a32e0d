import { testRandomFaults } from './random-faults.ts';

testRandomFaults({
  seconds: null,
  kinds: ['worker killed', 'worker stopped', 'store locked', 'gateway killed'],
  most: 8,
  servesWithinMs: null,
});
