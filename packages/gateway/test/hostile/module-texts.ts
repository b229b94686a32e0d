import { ok } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { importedPackages } from '../../src/dependencies/imported-packages.ts';
import { readLockedPackages } from '../../src/dependencies/install/npm-lock-file.ts';
import { readNpmrc } from '../../src/dependencies/install/npmrc.ts';
import { readPackageJson } from '../../src/dependencies/package-json.ts';
import { holdsMarker } from '../../src/dependencies/python/marker.ts';
import { readRequirements } from '../../src/dependencies/python/requirements.ts';
import { checkRequiresPython } from '../../src/dependencies/python/requires-python.ts';
import { fitsSpecifier } from '../../src/dependencies/python/version.ts';
import { decodeText } from '../../src/protocol/text/decode-text.ts';
import { readEnvFile } from '../../src/protocol/text/env-file.ts';
import { readAgentSign } from '../../src/registry/discovery/agent-signs.ts';
import { nearName, servedName } from '../../src/registry/discovery/misnamed-files.ts';
import { parse as parseDotenv } from '../../src/worker/dotenv.ts';
import { readModuleText } from '../../src/worker/facts/module-facts.ts';
import { writtenSetting } from '../../src/worker/facts/written-setting.ts';
import { checkModuleSettings } from '../../src/worker/load/module-settings.ts';
import { createSourceFiles } from '../../src/worker/load/source-files.ts';
import { findSyntaxError, transformSource } from '../../src/worker/load/transform-source.ts';
import { createTsConfigs } from '../../src/worker/load/tsconfig.ts';
import { cpuMsOf } from '../support/cpu-time.ts';
import type { Target } from './hostile-tests.ts';
import { type Json, jsonText, mutated, oddName, oddText } from './odd-values.ts';
import {
  envFile,
  header,
  npmrc,
  packageJson,
  packageObject,
  requirementParts,
  requirements,
  script,
  textOf,
  toml,
  tsconfig,
} from './text-formats.ts';

/** Of the largest texts that are tried a reader takes some hundredths of this; what grows with their square takes more. */
const slowMs = 5000;

/** What a reader makes of any text; it may not throw, nor take long. */
function neverFails(
  what: string,
  texts: fc.Arbitrary<Buffer>,
  read: (bytes: Buffer, text: string) => unknown,
  runs: Target['runs'] = [15, 4000],
): Target {
  return {
    title: `${what}: any text is read, or told to be none`,
    runs,
    property: fc.asyncProperty(texts, async (bytes) => {
      const { user, system } = process.cpuUsage();
      await read(bytes, bytes.toString());
      const used = process.cpuUsage({ user, system });
      ok(used.user + used.system < slowMs * 1000, `${bytes.length} bytes took ${used.user} µs`);
    }),
  };
}

const folder = join(tmpdir(), `dropgate-texts-${process.pid}`);
const module = {
  agentId: 'default/texts',
  modulePath: 'src/agents/Texts/agent.ts',
  folder: join(folder, 'src/agents/Texts'),
  entry: join(folder, 'src/agents/Texts/agent.ts'),
  language: 'node',
} as const;
const inPython = {
  ...module,
  modulePath: 'src/agents/Texts/agent.py',
  entry: join(module.folder, 'agent.py'),
  language: 'python',
} as const;
const python = { version: '3.12.1', interpreter: '/usr/bin/python3' };

/** Writes one file of the module, the others emptied. */
function put(name: string, bytes: Buffer): void {
  mkdirSync(module.folder, { recursive: true });
  writeFileSync(join(module.folder, name), bytes);
}

export const textTargets: readonly Target[] = [
  neverFails('requirements', requirements, async (bytes) => {
    put('requirements.txt', bytes);
    const read = await readRequirements(inPython);
    put('requirements.txt', Buffer.alloc(0));
    if (read.type !== 'read') return;
    for (const { marker, wanted, isSpecifier } of read.requirements.wanted) {
      if (marker !== null) holdsMarker(marker, { python_version: '3.12', sys_platform: 'linux' });
      if (isSpecifier) fitsSpecifier('3.12.1', wanted);
    }
  }),
  neverFails(
    'markers',
    textOf(
      ['python_version >= "3.9" and (sys_platform == "linux" or "x" in os_name)'],
      requirementParts,
    ),
    (_bytes, text) => {
      const holds = holdsMarker(text.slice(0, 1000), {
        python_version: '3.12',
        sys_platform: 'linux',
      });
      ok(holds === null || typeof holds === 'boolean');
    },
    [60, 40_000],
  ),
  neverFails(
    'versions',
    textOf(
      ['>=1.2.3rc1.post2.dev3+local.1,<2,!=1.5.*'],
      ['1', '.', '0', 'rc', 'post', '-', '+', 'dev', '!', '*', '>=', ',', 'a', '_'],
    ),
    (_bytes, text) => {
      const short = text.slice(0, 1000);
      fitsSpecifier('1.2.3', short);
      fitsSpecifier(short, '>=1.2');
    },
    [60, 40_000],
  ),
  neverFails('pyproject.toml', toml, async (bytes) => {
    put('pyproject.toml', bytes);
    await checkRequiresPython(inPython, python as never);
    await readRequirements({ ...inPython, folder: module.folder });
    put('pyproject.toml', Buffer.alloc(0));
  }),
  neverFails('the header of a script in Python', header, async (bytes) => {
    put('agent.py', bytes);
    await checkRequiresPython(inPython, python as never);
    await readAgentSign(inPython.entry);
  }),
  neverFails('package.json', fc.oneof(packageJson, packageObject), async (bytes) => {
    put('package.json', bytes);
    const read = await readPackageJson(module.folder);
    put('package.json', Buffer.from('{}'));
    if (read.type === 'read')
      for (const { range, name } of read.declarations.wanted)
        ok(typeof range === 'string' && typeof name === 'string');
  }),
  neverFails('package-lock.json', fc.oneof(packageJson, packageObject), async (bytes) => {
    put('package-lock.json', bytes);
    await readLockedPackages(module.folder);
  }),
  neverFails('.npmrc', npmrc, async (bytes) => {
    put('.npmrc', bytes);
    const { text } = await readNpmrc(module.folder);
    ok(!/[$"'`\\]/.test(text.replaceAll(/^[^=]*=/gm, '')));
  }),
  neverFails('.env', envFile, (bytes, text) => {
    decodeText(bytes);
    readEnvFile(text);
    parseDotenv(text);
  }),
  neverFails('the imports of a module', script, async (bytes) => {
    put('agent.ts', bytes);
    await importedPackages(module);
    await readAgentSign(module.entry);
  }),
  neverFails(
    'what a module says of its agents',
    script,
    (_bytes, text) => {
      const { facts, names } = readModuleText('/x/agent.ts', text);
      ok(names.every((name) => typeof name === 'string'));
      Object.values({ ...facts() });
      writtenSetting('/x/agent.ts', text, 'model');
    },
    [15, 4000],
  ),
  neverFails(
    'a module before it runs',
    script,
    (_bytes, text) => {
      findSyntaxError('/x/agent.js', text);
      try {
        const settings = {
          legacyDecorators: false,
          decoratorMetadata: false,
          assignedFields: false,
        };
        transformSource('/x/agent.ts', text, {
          ...settings,
          paths: [],
          baseUrl: null,
          jsx: { runtime: 'automatic' },
        } as never);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    },
    [15, 4000],
  ),
  neverFails('tsconfig.json', tsconfig, (bytes) => {
    put('tsconfig.json', bytes);
    const sources = createSourceFiles({ kept: null, keptFolder: folder } as never);
    createTsConfigs(sources, folder).settingsFor(module.entry);
    put('tsconfig.json', Buffer.from('{}'));
  }),
  {
    title: 'names of files beside agents: each is near one that is served, or it is not',
    runs: [60, 20_000],
    property: fc.property(
      fc.tuple(
        fc.constantFrom('agent.', 'agents.', 'Agent.', ''),
        fc.oneof(
          oddName,
          oddText.filter((text) => text.length < 50),
        ),
      ),
      ([start, ending]) => {
        const near = nearName(start + ending);
        ok(near === null || /^agent\.[a-z]+$/.test(near.instead));
        ok(typeof servedName(`index.${ending}`) === 'string');
        ok(!servedName(`index.${ending}`).includes('native code'));
      },
    ),
  },
  {
    title: '__gateway__: what is right holds, and each other field is told',
    runs: [60, 30_000],
    property: fc.property(
      mutated(
        fc.constant<Json>({
          agent: 'x',
          model: 'm',
          tools: ['a'],
          toolEvents: 'off',
          client_settings: ['temperature'],
          max_turns: 3,
          timeout_ms: 10,
          limits: { max_model_calls: 3 },
          watch: ['a.txt'],
          sessions: true,
        }),
      ),
      (value) => {
        const metadata: unknown = JSON.parse(jsonText(value));
        const { settings, findings } = checkModuleSettings(metadata, {
          file: '/x/agent.ts',
          text: '__gateway__ = { model: 1 }',
        });
        ok(Object.keys(settings).every((name) => Object.hasOwn(settings, name)));
        ok(findings.every(({ severity }) => severity === 'warning'));
        ok(cpuMsOf(() => structuredClone(settings)) >= 0);
      },
    ),
  },
];
