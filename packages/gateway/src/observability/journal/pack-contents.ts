import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw } from 'node:zlib';
import { type ContentPart, contentParts } from '../../protocol/journal/steps.ts';

/** What a step held of one kind. */
export type StepContent = {
  readonly step: number;
  readonly part: ContentPart;
  readonly text: string;
};

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Fast rather than small: it is paid for by each run. */
const options = { level: 1 };

/** What is less is packed at once: to have another thread do it costs four times as much. */
const MAX_AT_ONCE_BYTES = 256 * 1024;

/** Largest that is unpacked; more than is ever packed together. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;

/** Packs contents into few bytes. */
export async function packContents(contents: readonly StepContent[]): Promise<Uint8Array> {
  const texts = contents.map(({ text }) => Buffer.from(text));
  const index = contents.map(({ step, part }, at) => [step, part, texts[at]?.length ?? 0]);
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...texts]);
  return bytes.length > MAX_AT_ONCE_BYTES
    ? deflate(bytes, options)
    : deflateRawSync(bytes, options);
}

/** Contents as they were packed. */
export async function unpackContents(packed: Uint8Array): Promise<StepContent[]> {
  const bytes = await inflate(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
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
