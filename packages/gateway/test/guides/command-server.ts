import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inProcessCli } from '../support/in-process-cli.ts';
import { jq } from './jq.ts';
import { put } from './put.ts';

/** Runs `dropgate`, `jq` and `put` for the scripts of pages, in this process. */
export type CommandServer = {
  /** Texts of the programs that ask it, for sh, by name. */
  readonly programs: Readonly<Record<'dropgate' | 'jq' | 'put', string>>;
  readonly close: () => void;
};

/**
 * Starts one for a project: a page has dozens of commands, and a process of Node for each costs more than all that they do.
 *
 * @param env - What commands have in their environment beside PATH and HOME.
 */
export async function startCommandServer(
  projectRoot: string,
  env: Readonly<Record<'DROPGATE_URL' | 'DROPGATE_KEY', string>> & {
    readonly GATEWAY_PYTHON?: string;
  },
): Promise<CommandServer> {
  const cli = inProcessCli(projectRoot, env);
  const where = { projectRoot, url: env.DROPGATE_URL, key: env.DROPGATE_KEY };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const text = await textIn(request);
    try {
      if (pathname === '/jq') response.end(jq(String(request.headers['x-filter']), text));
      else if (pathname === '/put') {
        const [from = '', to = ''] = text.split('\0');
        response.end(await put(where, from, to));
      } else {
        const { code, out, err } = await cli(...text.split('\0').slice(0, -1));
        const folder = searchParams.get('folder') ?? '';
        await writeFile(join(folder, 'err'), err);
        await writeFile(join(folder, 'code'), `${code}\n`);
        response.end(out);
      }
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dropgate = `folder=$(mktemp -d) || exit
printf '%s\\0' "$@" | curl -s --fail-with-body --data-binary @- "${url}/dropgate?folder=$folder" || exit
cat "$folder/err" >&2
read -r code <"$folder/code"
rm -r "$folder"
exit "$code"`;
  return {
    programs: {
      dropgate,
      put: `printf '%s\\0' "$@" | curl -s --fail-with-body --data-binary @- "${url}/put"`,
      jq: `for filter; do :; done\ncurl -s --fail-with-body --data-binary @- -H "x-filter: $filter" "${url}/jq"`,
    },
    close: () => server.close(),
  };
}

async function textIn(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
