// `node scripts/build-console.ts`: builds the console where its sources changed since it was built last.
import { builtConsole } from './built-console.ts';

try {
  console.log(`The console is built: ${await builtConsole()}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
