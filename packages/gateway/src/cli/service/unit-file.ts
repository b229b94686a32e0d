/** What a unit of systemd is made of. Paths are absolute. */
export type UnitFacts = {
  readonly projectRoot: string;
  /** The Node that runs it, and the launcher of the package. */
  readonly node: string;
  readonly launcher: string;
  /** Of the system with the user it runs as, or of the user who installs it. */
  readonly scope: { readonly type: 'system'; readonly user: string } | { readonly type: 'user' };
  /** Folders beside `.dropgate` that agents may write to. */
  readonly writable: readonly string[];
  /** From SIGTERM until what is left is killed, in seconds. */
  readonly stopSeconds: number;
  /** Rights that it starts with, such as `CAP_SETUID`. */
  readonly capabilities: readonly string[];
  /** Whether it makes namespaces for its workers, as `worker.sandbox` does. */
  readonly makesNamespaces: boolean;
};

const mark = '# Written, and written anew, by the command “service install” of Dropgate, for ';

/** Project of a unit that this program wrote; null of any other file. */
export function projectOfUnit(text: string): string | null {
  const [first = ''] = text.split('\n', 1);
  return first.startsWith(mark) ? first.slice(mark.length) : null;
}

/** Text of the unit. */
export function unitFile(facts: UnitFacts): string {
  const { projectRoot, node, launcher, scope, stopSeconds } = facts;
  const isOfSystem = scope.type === 'system';
  return `${mark}${projectRoot}
[Unit]
Description=Dropgate, agents of ${specifiersKept(projectRoot)}
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
WorkingDirectory=${specifiersKept(projectRoot)}
ExecStart=${argument(node)} ${argument(launcher)} start
${isOfSystem ? `User=${scope.user}\n` : ''}# Variables that Node needs from the start, such as HTTPS_PROXY and NODE_EXTRA_CA_CERTS.
EnvironmentFile=-${pattern(projectRoot)}/.dropgate/service.env
Environment=${quoted(`PATH=${pathFor(node)}`)}
Restart=on-failure
RestartSec=2
# Workers are ended by the gateway: runs may end, and a worker that the kernel kills takes nobody with it.
KillMode=mixed
TimeoutStopSec=${stopSeconds}
OOMPolicy=continue
LimitNOFILE=65536
TasksMax=8192
UMask=0077

${(isOfSystem ? [...ownView(facts), ...withoutRights(facts), ...filters(facts)] : ['NoNewPrivileges=yes', ...filters(facts)]).join('\n')}

[Install]
WantedBy=${isOfSystem ? 'multi-user.target' : 'default.target'}
`;
}

/** What it sees of the machine. */
function ownView({ projectRoot, node, launcher, writable }: UnitFacts): string[] {
  const isAtHome = [projectRoot, node, launcher].some((path) => /^\/(home|root)\//.test(path));
  const written = [`${projectRoot}/.dropgate`, ...writable];
  return [
    '# It writes to these folders and to its own /tmp alone.',
    'ProtectSystem=strict',
    `ReadWritePaths=${written.map(quoted).join(' ')}`,
    `ProtectHome=${isAtHome ? 'read-only' : 'yes'}`,
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'PrivateMounts=yes',
    'ProtectProc=invisible',
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelLogs=yes',
    'ProtectControlGroups=yes',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'RemoveIPC=yes',
    'KeyringMode=private',
  ];
}

function withoutRights({ capabilities }: UnitFacts): string[] {
  return [
    'NoNewPrivileges=yes',
    `CapabilityBoundingSet=${capabilities.join(' ')}`,
    `AmbientCapabilities=${capabilities.join(' ')}`,
  ];
}

/**
 * Node compiles while it runs, so MemoryDenyWriteExecute is not among them. The calls that are given back are made by Node and
 * SQLite, and change nothing that is another's.
 */
function filters({ makesNamespaces, capabilities }: UnitFacts): string[] {
  const calls = makesNamespaces
    ? []
    : [
        'RestrictNamespaces=yes',
        'SystemCallFilter=@system-service',
        `SystemCallFilter=~@resources${capabilities.length > 0 ? '' : ' @privileged'}`,
        'SystemCallFilter=@chown setrlimit prlimit64 sched_setaffinity setpriority',
        'SystemCallErrorNumber=EPERM',
      ];
  return [
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    ...calls,
  ];
}

/** Programs that agents start are found as a shell finds them, those beside Node first. */
function pathFor(node: string): string {
  const beside = node.slice(0, node.lastIndexOf('/'));
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return [beside, ...system.filter((folder) => folder !== beside)].join(':');
}

/** Systemd takes `%h` for a folder, and `%%` for a percent sign. */
function specifiersKept(text: string): string {
  return text.replaceAll('%', '%%');
}

/** Systemd takes the name of such a file for a pattern. */
function pattern(path: string): string {
  return specifiersKept(path).replaceAll(/[\\*?[\]]/g, '\\$&');
}

function quoted(text: string): string {
  const inner = specifiersKept(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /[\s"'\\]/.test(text) ? `"${inner}"` : inner;
}

/** Of a command line, where `$` names a variable. */
function argument(text: string): string {
  return quoted(text).replaceAll('$', '$$$$');
}
