import { linkAnswer } from '../../protocol/console/session-answer.ts';
import { connectGateway } from '../agents/gateway-client.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { openInBrowser } from './open-in-browser.ts';

const askTimeoutMs = 10_000;

/** `dropgate console`: a link that logs in to the console, once. */
export async function openConsole(
  { terminal, projectRoot }: CommandContext,
  options: { readonly open?: true; readonly json?: true },
): Promise<number> {
  const gateway = await connectGateway(projectRoot);
  const link = await gateway({
    method: 'POST',
    path: '/console/links',
    answer: linkAnswer,
    timeoutMs: askTimeoutMs,
  });
  if (options.json) terminal.json(link);
  else {
    terminal.line(`Console at ${link.url}`);
    terminal.note('The link logs in once, within ten minutes.');
  }
  if (options.open) await openInBrowser(link.url, terminal);
  return exitCodes.done;
}
