import { testModuleStops } from './module-stops.ts';

testModuleStops('chat_completions');
