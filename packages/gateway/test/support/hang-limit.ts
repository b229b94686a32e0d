/**
 * The one limit of a test, of a hook and of whatever is waited for in them. It ends a hang and measures nothing: far
 * above what the longest test takes on a machine that is five times slower and has other work. Where the code is broken on
 * purpose (`scripts/breaks.ts`) TEST_HANG_LIMIT_MS makes it shorter.
 */
export const hangTimeoutMs = Number(process.env.TEST_HANG_LIMIT_MS ?? 240_000);

/** Whoever waits inside a test gives up first, so that the failure names what was waited for. */
export const patienceMs = hangTimeoutMs / 2;
