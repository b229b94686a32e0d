import type { StoredGeneration } from '../../protocol/records.ts';
import { sha256 } from './fingerprint.ts';

/** SHA-256, hex, over what a generation is made of: its files by path, and its `.env`. */
export function filesHashOf({
  manifest,
  envSha256,
}: Pick<StoredGeneration, 'manifest' | 'envSha256'>): string {
  const lines = manifest.files.map((file) => JSON.stringify([file.path, file.sha256])).toSorted();
  return sha256(Buffer.from(JSON.stringify([envSha256, ...lines])));
}
