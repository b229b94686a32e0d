import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentVariables } from '../../src/config/environment.ts';
import { routes } from '../../src/http/routes.ts';
import { tempFolder } from '../support/temp-folder.ts';

const run = promisify(execFile);
const folder = join(import.meta.dirname, '../../../../deploy');
const file = join(folder, 'compose.yaml');

type Service = {
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, object>>;
};

const text = readFileSync(file, 'utf8');
const { services, secrets } = parse(text) as Compose;
const prometheus = parse(readFileSync(join(folder, 'compose/prometheus.yml'), 'utf8'));
const makeSecrets = async () => {
  const made = await tempFolder();
  await run('sh', [join(folder, 'compose/make-secrets.sh'), made]);
  return made;
};

test('the gateway gets variables that there are, and its port', async () => {
  const given = readFileSync(join(await makeSecrets(), 'gateway.env'), 'utf8');
  const names = [
    ...Object.keys(services.gateway?.environment ?? {}),
    ...[...given.matchAll(/^(\w+)=/gm)].map(([, name]) => name),
  ];
  const known = environmentVariables.map(({ name }) => name);
  expect(names).toEqual(['GATEWAY_LOG_LEVEL', 'GATEWAY_STORE_URL']);
  expect(names.filter((name = '') => !known.includes(name))).toEqual([]);
  const image = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  expect(image).toContain('GATEWAY_PORT=8080');
  expect(services.gateway?.ports?.[0]).toMatch(/^127\.0\.0\.1:\$\{DROPGATE_PORT:-8080\}:8080$/);
});

test('files that are mounted are there', () => {
  const mounted = Object.values(services)
    .flatMap(({ volumes = [] }) => volumes)
    .map((volume) => volume.split(':')[0] ?? '')
    .filter((path) => path.startsWith('./'));
  expect(mounted.length).toBeGreaterThan(4);
  expect(mounted.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
});

test('Prometheus asks the gateway for metrics where it gives them, with its key', () => {
  const [scrape] = prometheus.scrape_configs;
  expect(scrape.static_configs).toEqual([{ targets: ['gateway:8080'] }]);
  // What it asks for without `metrics_path`.
  expect(routes.map(({ url }) => url)).toContain('/metrics');
  expect(scrape.authorization).toEqual({ credentials_file: '/run/secrets/metrics-key' });
  expect(services.prometheus?.secrets).toEqual(['metrics-key']);
});

test('secrets are made for their owner alone, each as random as a key, and never made anew', async () => {
  const made = await makeSecrets();
  const read = (name: string) => readFileSync(join(made, name), 'utf8').trim();
  expect(statSync(made).mode & 0o777).toBe(0o700);
  expect(Object.keys(secrets).filter((name) => !existsSync(join(made, name)))).toEqual([]);
  expect(read('postgres-password')).toMatch(/^[\w-]{32}$/);
  expect(read('grafana-password')).toMatch(/^[\w-]{32}$/);
  expect(read('grafana-password')).not.toBe(read('postgres-password'));
  expect(read('gateway.env')).toBe(
    `GATEWAY_STORE_URL=postgres://dropgate:${read('postgres-password')}@postgres:5432/dropgate`,
  );
  const before = read('gateway.env');
  const { stdout } = await run('sh', [join(folder, 'compose/make-secrets.sh'), made]);
  expect(stdout).not.toContain('made');
  expect(read('gateway.env')).toBe(before);
});

test('no password is written down, nor one that holds where none is given', () => {
  const variables = Object.values(services).flatMap(({ environment }) =>
    Object.entries(environment ?? {}).filter(([name]) => /PASSWORD|KEY|TOKEN/.test(name)),
  );
  expect(Object.fromEntries(variables)).toEqual({
    POSTGRES_PASSWORD_FILE: '/run/secrets/postgres-password',
    GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/secrets/grafana-password',
  });
  expect(text.match(/\{DROPGATE_SECRETS:-/)).toBe(null);
});

const compose = process.env.COMPOSE ?? 'docker-compose';
const hasCompose = await run(compose, ['version']).then(
  // The first one calls itself `docker-compose`.
  ({ stdout }) => stdout.startsWith('Docker Compose'),
  () => false,
);

describe.skipIf(!hasCompose)('docker compose', () => {
  const config = (env: Readonly<Record<string, string>>) =>
    run(compose, ['--file', file, 'config', '--format', 'json'], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    });

  test('takes the file', async () => {
    const { stdout } = await config({ DROPGATE_SECRETS: await makeSecrets() });
    const taken = JSON.parse(stdout) as Compose;
    expect(Object.keys(taken.services).sort()).toEqual([
      'gateway',
      'grafana',
      'postgres',
      'prometheus',
    ]);
    expect(taken.services.gateway?.environment?.GATEWAY_STORE_URL).toMatch(/^postgres:/);
  });

  test('says which folder is missing', async () => {
    await expect(config({})).rejects.toThrow(
      'Name the folder that deploy/compose/make-secrets.sh made',
    );
    await expect(config({ DROPGATE_SECRETS: '/nowhere' })).rejects.toThrow('/nowhere/gateway.env');
  });
});
