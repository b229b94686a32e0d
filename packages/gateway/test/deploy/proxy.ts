import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.ts';

const settings = join(import.meta.dirname, '../../../../deploy/proxies');

/** A reverse proxy that runs, with the settings of `deploy/proxies`. */
export type ReverseProxy = {
  readonly port: number;
  /** Restarts the gateway on a port as the guide says that it is done behind this proxy. */
  readonly restarting: (port: number, restart: () => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Whether this machine has the program, and what makes certificates. */
export function hasProxy(kind: 'nginx' | 'caddy'): boolean {
  const asked = kind === 'nginx' ? ['-v'] : ['version'];
  return [[kind, asked] as const, ['openssl', ['version']] as const].every(
    ([program, args]) => spawnSync(program, args, { stdio: 'ignore' }).status === 0,
  );
}

/**
 * Starts one before gateways on these ports of this machine.
 *
 * @param folder - Has the certificate, `agents.pem` and `agents.key`.
 */
export async function startProxy(
  kind: 'nginx' | 'caddy',
  folder: string,
  ports: readonly number[],
): Promise<ReverseProxy> {
  const port = await freePort();
  const [program, ...args] =
    kind === 'nginx' ? nginx({ folder, ports, port }) : caddy({ folder, ports, port });
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: join(folder, 'caddy') };
  const child = spawn(program ?? '', args, { stdio: 'inherit', env });
  return {
    port,
    async restarting(gateway, restart) {
      if (kind === 'nginx') await takeOut(folder, gateway);
      await restart();
      if (kind === 'nginx') await putIn(folder, gateway);
    },
    async stop() {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    },
  };
}

/** The two halves of `nginx-restart.sh`, which the test's own restart stands between. */
function takeOut(folder: string, port: number): Promise<unknown> {
  return nginxRestart(folder, port, 'out');
}

function putIn(folder: string, port: number): Promise<unknown> {
  return nginxRestart(folder, port, 'in');
}

function nginxRestart(folder: string, port: number, half: 'out' | 'in'): Promise<unknown> {
  const file = join(folder, 'nginx/nginx.conf');
  const script = join(settings, 'nginx-restart.sh');
  return promisify(execFile)('sh', [script, half, file, `127.0.0.1:${port}`], {
    env: { PATH: process.env.PATH, NGINX: `nginx -p ${folder} -e stderr -c ${file}` },
  });
}

type Where = {
  readonly folder: string;
  readonly ports: readonly number[];
  readonly port: number;
};

function nginx({ folder, ports, port }: Where): string[] {
  const site = withPorts(readFileSync(join(settings, 'nginx.conf'), 'utf8'), ports)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replaceAll('/etc/nginx/tls', folder);
  mkdirSync(join(folder, 'nginx'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/nginx/${name};`)
    .join(' ');
  const file = join(folder, 'nginx/nginx.conf');
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    file,
    `${user} daemon off; worker_processes 2; pid ${folder}/nginx/pid; error_log stderr warn;
events { worker_connections 512; }
http { access_log off; ${temporary}
${site}
}`,
  );
  return ['nginx', '-p', folder, '-e', 'stderr', '-c', file];
}

function caddy({ folder, ports, port }: Where): string[] {
  const site = withPorts(readFileSync(join(settings, 'Caddyfile'), 'utf8'), ports).replace(
    'agents.example.com {',
    `https://agents.example.com:${port} {\n\ttls ${folder}/agents.pem ${folder}/agents.key`,
  );
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  return ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'];
}

function withPorts(text: string, [first = 0, second = 0]: readonly number[]): string {
  return text
    .replace('127.0.0.1:8081', `127.0.0.1:${first}`)
    .replace('127.0.0.1:8082', `127.0.0.1:${second}`);
}
