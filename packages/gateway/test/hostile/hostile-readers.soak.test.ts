import { testReaders } from './hostile-input.ts';

testReaders('long');
