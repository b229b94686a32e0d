// Fetches what the tests need of npm, unless it is there. They do so themselves, and tell of what cannot be had.
import { fetchEverythingServer } from '../packages/gateway/test/support/mcp-everything.ts';
import { fetchOldPackages } from '../packages/gateway/test/support/old-packages.ts';

await Promise.allSettled([fetchOldPackages(), fetchEverythingServer()]);
