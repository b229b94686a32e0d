import { testFrameReaders } from './frame-readers.ts';

testFrameReaders(2000);
