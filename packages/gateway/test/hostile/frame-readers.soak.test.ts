import { testFrameReaders } from './frame-readers.ts';

testFrameReaders(100_000);
