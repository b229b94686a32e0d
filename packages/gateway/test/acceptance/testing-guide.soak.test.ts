// A gateway of its own for each: by day case-gate.test.ts and others use startTestGateway in vitest, and testing-python.test.ts has what pytest imports.
import { testGuide } from './testing-guide.ts';

testGuide('vitest', 'pytest');
