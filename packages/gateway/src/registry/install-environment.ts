import { delimiter, dirname } from 'node:path';
import type { InstallEnvironment } from './install-npm.ts';

/** What npm, and the scripts of packages where they may run, get of the environment. No key of the gateway's. */
const passed =
  /^(?:PATH|Path|HOME|USER|LOGNAME|SHELL|TMPDIR|TMP|TEMP|TZ|LANG|LC_\w+|CI|NODE_ENV|NODE_AUTH_TOKEN|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|NPM_TOKEN|(?:https?|no|all)_proxy|npm_config_\w+|npm_execpath|APPDATA|LOCALAPPDATA|USERPROFILE|SystemRoot|ComSpec|SSH_AUTH_SOCK|GIT_SSH\w*)$/i;

/** Where npm tells what it starts that it works for another folder. */
const notPassed = /^npm_config_(?:local_prefix|global_prefix|prefix|workspaces?|global|location)$/i;

/** npm's environment, the Node in use first in its PATH. */
export function installEnvironment(environment: InstallEnvironment): InstallEnvironment {
  const kept = Object.entries(environment).filter(
    ([name]) => passed.test(name) && !notPassed.test(name),
  );
  const path = [dirname(process.execPath), environment.PATH ?? ''].join(delimiter);
  return { ...Object.fromEntries(kept), PATH: path };
}
