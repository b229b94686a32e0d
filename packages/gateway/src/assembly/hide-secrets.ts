import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { ModuleRuntimes } from '../dependencies/module-runtime.ts';
import { hideInFindings } from '../observability/diagnostic-list.ts';
import type { Redactor } from '../observability/redact.ts';
import type { Secrets } from '../observability/secrets.ts';
import type { Pool } from '../pool/pool.ts';
import type { Manifest, ModuleLoad } from '../protocol/records.ts';
import type { FailureDetail, RunEvent } from '../protocol/run.ts';
import { createGiveEnv, type GiveEnv } from '../registry/kept/given-env.ts';

/** Has the redactor hide the secrets that the settings hold, and what they name as secret. Returns the settings. */
export function addSecretsOf(secrets: Redactor, config: Config): Config {
  secrets.addEnvironment(config.environment);
  secrets.addEnvironment({ STORE_URL: config.storeUrl });
  secrets.hideOwn(config.log.redact);
  for (const header of Object.values(config.tracing?.headers ?? {})) secrets.addValue(header);
  for (const { apiKey } of [config.openAi, ...Object.values(config.upstreams)]) {
    secrets.addValue(apiKey);
  }
  secrets.addValue(config.users.openWebUi?.secret ?? null);
  return config;
}

/**
 * What workers may get of the environment: never a key of an upstream, nor the secret that users are signed with, even
 * where `worker.env` names its variable.
 */
export function environmentForWorkers(config: Config): Config['environment'] {
  const { environment, upstreams, users } = config;
  const keys = new Set(Object.values(upstreams).map(({ apiKeyEnv }) => apiKeyEnv));
  keys.add(users.openWebUi?.secretEnv ?? null);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !keys.has(name)));
}

/** Reads what the operator gives to modules, all of which is secret, whatever it is called. */
export function createHiddenEnv(secrets: Secrets, live: LiveConfig): GiveEnv {
  const { projectRoot, configFile } = live.current();
  const giveEnv = createGiveEnv({
    variables: () => live.current().givenVariables,
    environment: () => live.current().environment,
    settingsFile: configFile ?? join(projectRoot, 'gateway.yaml'),
    files: live.files,
  });
  return async (module) => {
    const given = await giveEnv(module);
    secrets.addGiven(module.agentId, Object.values(given.values));
    return given;
  };
}

/** What is found out about packages, without secrets: what modules declare may hold the password of a registry. */
export function hideInRuntimes(runtimes: ModuleRuntimes, secrets: Secrets): ModuleRuntimes {
  return {
    ...runtimes,
    checkDependencies: async (module) =>
      hideInFindings(await runtimes.checkDependencies(module), secrets.textOf(module.agentId)),
  };
}

/** The pool, whose findings, failures and descriptions show nothing of the secrets that modules were given. */
export function hideSecrets(pool: Pool, secrets: Secrets): Pool {
  return {
    ...pool,
    async prepare(load, signal) {
      secrets.addModule(load.agentId, load.env);
      const hide = secrets.textOf(load.agentId);
      const result = await pool.prepare(load, signal);
      if (result.type === 'load_failed') {
        return { ...result, findings: hideInFindings(result.findings, hide) };
      }
      return { ...result, manifest: hideInManifest(result.manifest, hide) };
    },
    run(load, request) {
      secrets.addModule(load.agentId, load.env);
      const hide = secrets.textOf(load.agentId);
      const live = pool.run(load, request);
      return {
        ...live,
        sendTo: (sink) =>
          live.sendTo({ write: (event) => sink.write(hideInEvent(event, load, hide)) }),
      };
    },
  };
}

type Hide = (text: string) => string;

/** What a module says of itself to callers and admins; names stay, because rules speak of them. */
function hideInManifest(manifest: Manifest, hide: Hide): Manifest {
  const { displayName, description, ...settings } = manifest.settings;
  return {
    ...manifest,
    settings: {
      ...settings,
      ...(displayName === undefined ? {} : { displayName: hide(displayName) }),
      ...(description === undefined ? {} : { description: hide(description) }),
    },
    warnings: hideInFindings(manifest.warnings, hide),
  };
}

/** What is told of a failure, and what a tool gives to agents of others; what an agent answers is its own. */
function hideInEvent(event: RunEvent, { serves }: ModuleLoad, hide: Hide): RunEvent {
  switch (event.type) {
    case 'failed': {
      const shown = { ...event, message: hide(event.message) };
      return event.detail ? { ...shown, detail: hideInDetail(event.detail, hide) } : shown;
    }
    case 'tool_ended':
      return event.detail ? { ...event, detail: hideInDetail(event.detail, hide) } : event;
    case 'text':
      return serves === 'tool' ? { ...event, delta: hide(event.delta) } : event;
    default:
      return event;
  }
}

function hideInDetail(detail: FailureDetail, hide: Hide): FailureDetail {
  const { message, stack, file, frame } = detail;
  return {
    ...detail,
    class: hide(detail.class),
    message: hide(message),
    ...(stack === undefined ? {} : { stack: hide(stack) }),
    ...(file === undefined ? {} : { file: hide(file) }),
    ...(frame === undefined ? {} : { frame: hide(frame) }),
  };
}
