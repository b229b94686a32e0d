import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { environmentVariables } from '../../src/config/environment.ts';
import { routes } from '../../src/http/routes.ts';

const run = promisify(execFile);
const chart = join(import.meta.dirname, '../../../../deploy/helm/dropgate');
const fixtures = join(import.meta.dirname, '../fixtures/chart');
const golden = join(fixtures, 'two-replicas.golden.yaml');

type Container = {
  readonly env: readonly { readonly name: string }[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly securityContext: object;
} & Readonly<Record<`${'startup' | 'readiness' | 'liveness'}Probe`, Probe>>;
type Probe = { readonly httpGet: { readonly path: string } };

const objects = parseAllDocuments(readFileSync(golden, 'utf8')).map((one) => one.toJS());
const kind = (name: string) => objects.find((object) => object.kind === name);
const container = kind('Deployment').spec.template.spec.containers[0] as Container;

test('gives the gateway variables that there are', () => {
  const known = environmentVariables.map(({ name }) => name);
  const given = container.env.map(({ name }) => name);
  expect(given).toEqual([
    'GATEWAY_HOST',
    'GATEWAY_PORT',
    'GATEWAY_BOOTSTRAP_KEY_FILE',
    'GATEWAY_STORE_URL',
  ]);
  expect(given.filter((name) => !known.includes(name))).toEqual([]);
});

test('asks for routes that there are', () => {
  const asked = [
    container.startupProbe.httpGet.path,
    container.readinessProbe.httpGet.path,
    container.livenessProbe.httpGet.path,
    kind('ServiceMonitor').spec.endpoints[0].path,
  ];
  expect(asked).toEqual(['/readyz', '/readyz', '/healthz', '/metrics']);
  const known = routes.map(({ url }) => url);
  expect(asked.filter((path) => !known.includes(path))).toEqual([]);
});

test('runs it as the image does, on a root that is read-only, without a right', () => {
  const image = readFileSync(join(chart, '../../Dockerfile'), 'utf8');
  expect(image).toContain('USER 10001:10001');
  expect(kind('Deployment').spec.template.spec.securityContext).toMatchObject({
    runAsUser: 10_001,
    runAsNonRoot: true,
  });
  expect(container.securityContext).toEqual({
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
});

test('has the version of the package', () => {
  const { version, appVersion } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'));
  const own = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect([version, appVersion]).toEqual([own.version, own.version]);
});

test('has a schema that takes its values, describes each, and refuses what there is not', () => {
  const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'));
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8'));
  const isTaken = new Ajv({ strict: false }).compile(schema);
  expect(isTaken(values)).toBe(true);
  expect(isTaken({ ...values, colour: 'red' })).toBe(false);
  expect(isTaken({ ...values, bootstrapKey: { value: 'hunter2' } })).toBe(false);
  const named = Object.keys(schema.properties).filter((name) => name !== 'global');
  expect(Object.keys(values).sort()).toEqual(named.sort());
  expect(
    JSON.stringify(schema).match(/"type":"?(string|boolean|integer)/g)?.length,
  ).toBeGreaterThan(20);
});

const helm = process.env.HELM ?? 'helm';
const hasHelm = await run(helm, ['version']).then(
  () => true,
  () => false,
);

describe.skipIf(!hasHelm)('helm', () => {
  const values = ['--values', join(fixtures, 'two-replicas.yaml')];
  const template = (...args: string[]) =>
    run(helm, ['template', 'gateway', chart, '--kube-version', '1.31.0', ...args]);

  test('finds nothing to mend in the chart', async () => {
    const { stdout } = await run(helm, ['lint', '--strict', chart, ...values]);
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('makes of it what is kept', async () => {
    await expect((await template(...values)).stdout).toMatchFileSnapshot(golden);
  });

  test('makes one pod with a volume, for a store of its own', async () => {
    const key = `dg_${'a'.repeat(43)}`;
    const alone = ['replicas=1', 'persistence.enabled=true', `bootstrapKey.value=${key}`];
    const { stdout } = await template(
      ...['image.repository=agents', ...alone].flatMap((value) => ['--set', value]),
    );
    const made = parseAllDocuments(stdout).map((one) => one.toJS());
    expect(made.map((object) => object.kind).sort()).toEqual([
      'Deployment',
      'NetworkPolicy',
      'PersistentVolumeClaim',
      'Secret',
      'Service',
      'ServiceAccount',
    ]);
    expect(made.find((object) => object.kind === 'Deployment').spec.strategy).toEqual({
      type: 'Recreate',
    });
  });

  test.each([
    ['image.repository is not set', ['replicas=1', 'bootstrapKey.existingSecret=key']],
    ['replicas is more than 1, and store.existingSecret is not set', ['image.repository=agents']],
    ['No admin key is set', ['image.repository=agents', 'replicas=1']],
    [
      'persistence.enabled is for one replica',
      ['store.existingSecret=store', 'persistence.enabled=true'],
    ],
    ["additional properties 'colour' not allowed", ['colour=red']],
  ])('says what is wrong: %s', async (message, wrong) => {
    await expect(template(...wrong.flatMap((value) => ['--set', value]))).rejects.toThrow(message);
  });
});
