import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Makes a certificate for a name, which signs itself: `agents.pem` and `agents.key` in a folder.
 *
 * @returns What a client has to trust.
 */
export async function makeCertificate(into: string, name: string): Promise<string> {
  const pem = join(into, 'agents.pem');
  const files = ['-keyout', join(into, 'agents.key'), '-out', pem];
  const about = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '2'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...files, ...about]);
  return readFile(pem, 'utf8');
}
