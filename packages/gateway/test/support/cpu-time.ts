/** CPU time that this process spends on something synchronous, in ms: what else the machine does is not in it. */
export function cpuMsOf(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
