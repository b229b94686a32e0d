import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Terminal } from '../terminal.ts';

/** What opens an address, with the arguments before it, by platform. */
const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** How long it is waited for: some openers stay as long as the browser does. */
const openingMs = 3000;

/** Opens an address in the browser of whoever sits here. Where that fails it is told, and nothing more. */
export async function openInBrowser(url: string, terminal: Pick<Terminal, 'note'>): Promise<void> {
  const [program, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.unref();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), openingMs);
  try {
    const [code] = await once(child, 'exit', { signal: limit.signal });
    if (code !== 0) tellFailure(`${program} ended with ${code}`, terminal);
  } catch (error) {
    if (limit.signal.aborted) return;
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    tellFailure(isMissing ? `there is no ${program}` : String(error), terminal);
  } finally {
    clearTimeout(timer);
  }
}

function tellFailure(reason: string, terminal: Pick<Terminal, 'note'>): void {
  terminal.note(`The browser could not be opened (${reason}). Open the link yourself.`);
}
