import { delimiter, dirname, isAbsolute } from 'node:path';
import type { EnvironmentVariables } from './install-result.ts';

/** Whose environment it is, and whether the operator's tokens are part of it. */
export type InstallerKind = {
  readonly installer: 'npm' | 'python';
  readonly credentials: 'given' | 'withheld';
};

/** What installers, and the scripts of packages where they may run, get of the environment. No key of the gateway's. */
const passed =
  /^(?:PATH|Path|HOME|USER|LOGNAME|SHELL|TMPDIR|TMP|TEMP|TZ|LANG|LC_\w+|CI|NODE_ENV|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|(?:https?|no|all)_proxy|APPDATA|LOCALAPPDATA|USERPROFILE|SystemRoot|ComSpec|SSH_AUTH_SOCK|GIT_SSH\w*)$/i;

const passedTo = {
  npm: /^(?:NODE_AUTH_TOKEN|NPM_TOKEN|npm_config_.+|npm_execpath)$/i,
  python: /^(?:PIP_\w+|UV_\w+|REQUESTS_CA_BUNDLE|XDG_(?:CONFIG|CACHE|DATA)_HOME)$/i,
} as const;

/** What would lead an installer to another folder than the one it works for. */
const notPassed =
  /^(?:npm_config_(?:local_prefix|global_prefix|prefix|workspaces?|global|location)|PIP_(?:TARGET|PREFIX|ROOT|USER|PYTHON|REQUIREMENT|CONSTRAINT|DRY_RUN)|UV_(?:PROJECT\w*|PYTHON|SYSTEM_PYTHON|TARGET|CONSTRAINT|OVERRIDE))$/i;

/** Names of what holds a token, or leads to one. */
const credential =
  /auth|token|passw|user(?:name|config)|globalconfig|certfile|keyfile|_cert$|_key$|otp|keyring|client_cert|config_file|credentials|netrc|^SSH_|^GIT_/i;

/** What keeps pip and uv from settings and stores of tokens that they know to find by themselves. */
const nothingElse: EnvironmentVariables = {
  PIP_CONFIG_FILE: '/dev/null',
  PIP_KEYRING_PROVIDER: 'disabled',
  UV_KEYRING_PROVIDER: 'disabled',
  UV_NO_CONFIG: '1',
  NETRC: '/dev/null',
};

/** An installer's environment, the Node in use first in its PATH, and no folder that is relative to where it works. */
export function installerVariables(
  environment: EnvironmentVariables,
  { installer, credentials }: InstallerKind,
): EnvironmentVariables {
  const kept = Object.entries(environment)
    .filter(([name]) => passed.test(name) || passedTo[installer].test(name))
    .filter(([name]) => !notPassed.test(name));
  const folders = (environment.PATH ?? '').split(delimiter).filter((one) => isAbsolute(one));
  const PATH = [dirname(process.execPath), ...folders].join(delimiter);
  if (credentials === 'given') return { ...Object.fromEntries(kept), PATH };
  const plain = kept
    .filter(([name]) => !credential.test(name))
    .map(([name, value]) => [name, isProxy(name) ? value : value?.replaceAll(login, '$1')]);
  return {
    ...Object.fromEntries(plain),
    ...(installer === 'python' ? nothingElse : {}),
    PATH,
  };
}

/** The name and password in an address. */
const login = /(:\/\/)[^/\s@]*@/g;

function isProxy(name: string): boolean {
  return /proxy$/i.test(name);
}
