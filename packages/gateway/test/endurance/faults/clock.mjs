// Moves the clock of the process that imports it, and of no other: Date, not timers, as with a machine's clock.
// The file that SHIFTED_CLOCK names holds the milliseconds; it is read at the start and at each SIGUSR2.
import { readFileSync } from 'node:fs';

const RealDate = Date;
let shiftMs = 0;

const read = () => {
  shiftMs = Number(readFileSync(process.env.SHIFTED_CLOCK, 'utf8'));
};
const now = () => RealDate.now() + shiftMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

process.on('SIGUSR2', read);
read();
