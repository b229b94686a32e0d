import net from 'node:net';
import { basename } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { type OwnFrame, ownFrames } from '../explain/code-place.ts';
import { locate } from '../explain/failure-context.ts';
import { guard, type Told } from './own-program.ts';

/** Ports that a module listens on while it is loaded. */
export type OpenPorts = {
  /** Looks no longer. */
  readonly end: () => void;
  /** A warning for each port that it named, with the author's line. */
  readonly findings: () => Finding[];
};

/** Looks at what begins to listen in this process from now on. */
export function watchPorts(told: Told): OpenPorts {
  const opened = new Map<number, OwnFrame>();
  const prototype: { listen: unknown } = net.Server.prototype;
  const original = net.Server.prototype.listen;
  const listen = function listen(this: net.Server, ...given: unknown[]) {
    const port = portOf(given[0]);
    const [frame] = port === null ? [] : ownFrames(new Error());
    if (port !== null && frame) opened.set(port, frame);
    return Reflect.apply(original, this, given);
  };
  prototype.listen = listen;
  return {
    end() {
      if (prototype.listen === listen) prototype.listen = original;
    },
    findings: () => [...opened].map(([port, frame]) => explain(port, frame, told)),
  };
}

/** A port that is named: any free one (0) is in nobody's way, and a pipe is none. */
function portOf(given: unknown): number | null {
  const port = typeof given === 'object' && given ? Reflect.get(given, 'port') : given;
  return Number(port) > 0 ? Number(port) : null;
}

function explain(port: number, frame: OwnFrame, told: Told): Finding {
  const { file, line } = frame;
  return {
    stage: 'load',
    code: 'port_opened',
    severity: 'warning',
    message: `${basename(file)} listens on port ${port} while it is loaded (line ${line}): no caller of the agent needs that, and the next version cannot listen there while this one runs.`,
    ...locate(file, frame, told.sources),
    hint: `Put it under \`${guard(told)}\`.`,
  };
}
