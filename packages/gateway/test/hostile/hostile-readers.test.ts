import { testReaders } from './hostile-input.ts';

testReaders('day');
