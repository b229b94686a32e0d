import type { Config } from '../../config/config.ts';

/** How to serve on another port, in the words of how this gateway was started; it follows on "or". */
export function portAdvice(
  { server, environment }: Pick<Config, 'server' | 'environment'>,
  option: number | undefined,
): string {
  const other = server.port < 1024 || server.port > 65_534 ? 8080 : server.port + 1;
  if (option === undefined && environment.MAKELEVEL) {
    return `take another port: GATEWAY_PORT=${other} make run.`;
  }
  const script = environment.npm_lifecycle_event;
  if (option === undefined && script && script !== 'npx') {
    return `take another port: npm run ${script} -- --port ${other}.`;
  }
  if (option === undefined && environment.GATEWAY_PORT) {
    return `set another GATEWAY_PORT, such as ${other}, or 0 for any free one.`;
  }
  return `take another port: --port ${other}, or --port 0 for any free one.`;
}
