import { InstallError } from './install-result.ts';

/** What npm failed of, from what it printed: its error lines without their prefix and the pointer to its log. */
export function npmFailed(output: string): InstallError {
  const lines = output
    .split('\n')
    .flatMap((line) => /^npm (?:error|ERR!)\s+(.*)$/.exec(line)?.[1] ?? [])
    .filter((line) => line !== '' && !/complete log of this run|^\/.*debug-0\.log$/.test(line));
  const code = /^code (\S+)$/.exec(lines[0] ?? '')?.[1];
  const reasons = (code ? lines.slice(1) : lines).map((line) =>
    line.replace(/^(?:notarget|404|401|403|code|network|errno|need auth)\s+/, '').trim(),
  );
  const reason = reasons.find((line) => line !== '') ?? 'it gave no reason';
  return new InstallError('npm_failed', `npm could not install: ${reason}`, {
    output: (lines.length > 0 ? lines : output.trim().split('\n')).slice(0, 20).join('\n'),
    hint: hintOf(code ?? '', reason),
  });
}

function hintOf(code: string, reason: string): string {
  const isScoped = code === 'E404' && /@[\w.~-]+(?:\/|%2f)/i.test(reason);
  const found = hints.find(({ codes }) => codes.test(isScoped ? 'E401' : code));
  if (isScoped && found) return `Correct the name in package.json. ${found.hint}`;
  return found?.hint ?? 'Correct what npm names, then run the command again.';
}

/** By npm's codes, Node's among them. */
const hints: readonly { readonly codes: RegExp; readonly hint: string }[] = [
  {
    codes: /^EALLOWGIT$/,
    hint: 'What is fetched with git may run code. If you trust it, install with --allow-scripts; else name a version of the registry.',
  },
  { codes: /^ETARGET$/, hint: 'Correct the version in package.json to one that exists.' },
  {
    codes: /^E404$/,
    hint: 'Correct the name in package.json; the registry has no such package.',
  },
  {
    codes: /^(E401|E403|ENEEDAUTH)$/,
    hint: 'The registry wants to know who asks: run `npm login`, or put its token into your own ~/.npmrc.',
  },
  { codes: /^ERESOLVE$/, hint: 'Change the versions in package.json so that they fit together.' },
  {
    codes: /^(ENOTFOUND|EAI_AGAIN|ECONN\w+|E(HOST|NET)UNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|EPIPE)$/,
    hint: 'See whether the registry can be reached (`npm ping`), through a proxy too, then run the command again.',
  },
  {
    codes: /^ENOTCACHED$/,
    hint: 'npm is set to work offline, and its cache lacks the package: install once with a network (`npm config delete offline`), or fill the cache with `npm cache add`.',
  },
  {
    codes: /CERT|^UNABLE_TO_/,
    hint: "The registry's certificate is signed by nobody that Node knows: name the authority's file in NODE_EXTRA_CA_CERTS, or as `cafile` in your own ~/.npmrc.",
  },
  {
    codes: /^EINTEGRITY$/,
    hint: 'The package differs from what the lock file names; remove the lock file if you trust it.',
  },
];
