import { testSlowReaders } from './slow-readers.ts';

testSlowReaders('TypeScript', 16);
testSlowReaders('Python', 16);
