import type { Finding } from '../protocol/diagnostics.ts';

/** Findings without the secrets of whoever caused them, who also names the file (`sourceURL`); codes and the like are the gateway's own. */
export function hideInFindings(
  findings: readonly Finding[],
  hide: (text: string) => string,
): Finding[] {
  return findings.map(({ message, file, frame, hint, ...rest }) => ({
    ...rest,
    message: hide(message),
    ...(file === undefined ? {} : { file: hide(file) }),
    ...(frame === undefined ? {} : { frame: hide(frame) }),
    ...(hint === undefined ? {} : { hint: hide(hint) }),
  }));
}
