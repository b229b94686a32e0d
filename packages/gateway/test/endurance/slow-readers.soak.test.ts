import { testReaderThatIsGone, testSlowReaders } from './slow-readers.ts';

testSlowReaders('TypeScript', 32);
testSlowReaders('Python', 32);
testReaderThatIsGone();
