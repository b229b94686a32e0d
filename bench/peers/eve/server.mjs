// An application of eve has one agent: two of them, as built, on PORT and the port after it.
import { spawn } from 'node:child_process';

const eve = `${import.meta.dirname}/node_modules/eve/bin/eve.js`;
const servers = ['bench', 'words'].map((name, at) =>
  spawn(
    process.execPath,
    [eve, 'start', '--host', '127.0.0.1', '--port', String(Number(process.env.PORT) + at)],
    { cwd: `${import.meta.dirname}/${name}`, stdio: 'inherit' },
  ),
);
process.on('SIGTERM', () => {
  for (const server of servers) server.kill('SIGTERM');
  process.exit(0);
});
