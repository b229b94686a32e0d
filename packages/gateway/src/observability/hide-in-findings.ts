import type { Finding } from '../protocol/diagnostics.ts';

/** Findings without the secrets of whoever caused them; codes, places and the like are the gateway's own. */
export function hideInFindings(
  findings: readonly Finding[],
  hide: (text: string) => string,
): Finding[] {
  return findings.map(({ message, frame, hint, ...rest }) => ({
    ...rest,
    message: hide(message),
    ...(frame === undefined ? {} : { frame: hide(frame) }),
    ...(hint === undefined ? {} : { hint: hide(hint) }),
  }));
}
