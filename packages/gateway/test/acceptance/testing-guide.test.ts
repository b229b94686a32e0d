import { testGuide } from './testing-guide.ts';

testGuide('agent', 'node:test');
