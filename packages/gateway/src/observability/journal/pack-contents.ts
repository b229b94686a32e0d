import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { type ContentPart, contentParts } from '../../protocol/journal/steps.ts';

/** What a step held of one kind. */
export type StepContent = {
  readonly step: number;
  readonly part: ContentPart;
  readonly text: string;
};

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Fast rather than small: it is paid for by each run. */
const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Largest that is unpacked; more than is ever packed together. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;

/** Packs contents into few bytes, beside other work. */
export function packContents(contents: readonly StepContent[]): Promise<Uint8Array> {
  const texts = contents.map(({ text }) => Buffer.from(text));
  const index = contents.map(({ step, part }, at) => [step, part, texts[at]?.length ?? 0]);
  return compress(Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...texts]), options);
}

/** Contents as they were packed. */
export async function unpackContents(packed: Uint8Array): Promise<StepContent[]> {
  const bytes = await decompress(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
  const end = bytes.indexOf('\n');
  const index = JSON.parse(bytes.toString('utf8', 0, end)) as [number, string, number][];
  let at = end + 1;
  return index.flatMap(([step, name, length]) => {
    const text = bytes.toString('utf8', at, at + length);
    at += length;
    const part = contentParts.find((each) => each === name);
    return part ? [{ step, part, text }] : [];
  });
}
