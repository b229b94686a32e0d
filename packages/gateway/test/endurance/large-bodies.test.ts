import { testLargeBodies } from './large-bodies.ts';

testLargeBodies(16);
