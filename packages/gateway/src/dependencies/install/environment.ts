import { delimiter, dirname } from 'node:path';
import type { InstallEnvironment } from './run-program.ts';

/** What installers, and the scripts of packages where they may run, get of the environment. No key of the gateway's. */
const passed =
  /^(?:PATH|Path|HOME|USER|LOGNAME|SHELL|TMPDIR|TMP|TEMP|TZ|LANG|LC_\w+|CI|NODE_ENV|NODE_AUTH_TOKEN|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|NPM_TOKEN|(?:https?|no|all)_proxy|npm_config_\w+|npm_execpath|PIP_\w+|UV_\w+|REQUESTS_CA_BUNDLE|APPDATA|LOCALAPPDATA|USERPROFILE|SystemRoot|ComSpec|SSH_AUTH_SOCK|GIT_SSH\w*)$/i;

/** What would lead an installer to another folder than the one it works for. */
const notPassed =
  /^(?:npm_config_(?:local_prefix|global_prefix|prefix|workspaces?|global|location)|PIP_(?:TARGET|PREFIX|ROOT|USER|PYTHON|REQUIREMENT|DRY_RUN)|UV_(?:PROJECT\w*|PYTHON|SYSTEM_PYTHON|TARGET))$/i;

/** An installer's environment, the Node in use first in its PATH. */
export function installEnvironment(environment: InstallEnvironment): InstallEnvironment {
  const kept = Object.entries(environment).filter(
    ([name]) => passed.test(name) && !notPassed.test(name),
  );
  const path = [dirname(process.execPath), environment.PATH ?? ''].join(delimiter);
  return { ...Object.fromEntries(kept), PATH: path };
}
