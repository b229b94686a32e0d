import type { Finding } from '../../protocol/diagnostics.ts';
import { nearest } from '../../protocol/nearest.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import { matchesGlob } from '../rules/glob.ts';
import type { SecuritySettings } from '../settings.ts';

/**
 * Issuers of tokens that rules and namespaces name among their principals and that the settings do not know: a deny that
 * stops nobody would be no deny.
 *
 * @param file - The settings file, as the place.
 */
export function unknownIssuers(
  { rules, namespaces }: Pick<SecuritySettings, 'rules' | 'namespaces'>,
  known: readonly string[],
  file: string,
): Finding[] {
  const named = [
    ...rules.flatMap(({ id, principals }) => principals.map((each) => [`rule ${id}`, each])),
    ...Object.entries(namespaces).flatMap(([name, { runAgents }]) =>
      (typeof runAgents === 'object' ? runAgents : []).map((each) => [`namespaces.${name}`, each]),
    ),
  ];
  return named.flatMap(([place = '', pattern = '']) => {
    const issuer = isOfTokens(pattern) ? (pattern.split(':')[1] ?? '') : '*';
    if (issuer === '*' || known.some((name) => matchesGlob(issuer, name))) return [];
    const guess = nearest(issuer, known);
    return {
      stage: 'metadata',
      code: 'names_no_issuer',
      severity: 'warning',
      message: `security: ${place} names the issuer ${issuer}, which \`auth.jwt\` does not have.${guess === null ? '' : ` Did you mean ${guess}?`}`,
      file,
      hint: 'Correct it, or add the issuer.',
    } as const;
  });
}
