/** How long the attachments of a request are, and what they cost. */
export type Attachments = { readonly length: number; readonly tokens: number };

const ATTACHMENT_TOKENS = 1000;
/** A file is read as text and as pictures of its pages; more than this no model takes in. */
const MAX_FILE_TOKENS = 100_000;
const BYTES_PER_TOKEN = 4;
const BASE64_PER_BYTE = 4 / 3;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The attachments of a model call, whose bytes say little about their tokens: parts of its messages, of the results of
 * its tools, and nothing that stands anywhere else, whatever it is called.
 */
export function attachmentsOf(fields: JsonObject | null): Attachments {
  const sum = { length: 0, tokens: 0 };
  for (const item of [...listOf(fields?.input), ...listOf(fields?.messages)]) {
    const { content, output } = objectOf(item);
    for (const part of [...listOf(content), ...listOf(output), output]) {
      const attachment = attachmentOf(objectOf(part));
      if (!attachment) continue;
      sum.length += attachment.data.length;
      sum.tokens += attachment.tokens;
    }
  }
  return sum;
}

/** What a part holds, and what it costs; null for one that is no attachment. */
function attachmentOf(part: JsonObject): { data: string; tokens: number } | null {
  switch (part.type) {
    case 'image_url':
    case 'input_image':
    case 'computer_screenshot':
      return imageOf(part.image_url) ?? imageOf(objectOf(part.image_url).url) ?? referenceOf(part);
    case 'input_audio':
      return recordingOf(objectOf(part.input_audio).data);
    case 'file':
    case 'input_file':
      return fileOf(part.file_data) ?? fileOf(objectOf(part.file).file_data) ?? referenceOf(part);
    default:
      return null;
  }
}

function imageOf(url: unknown) {
  const isImage = typeof url === 'string' && /^data:image\/[\w.+-]+;base64,/.test(url);
  return isImage && isBase64(url.slice(url.indexOf(',') + 1))
    ? { data: url, tokens: ATTACHMENT_TOKENS }
    : null;
}

function recordingOf(data: unknown) {
  return typeof data === 'string' && isBase64(data) ? { data, tokens: ATTACHMENT_TOKENS } : null;
}

function fileOf(data: unknown) {
  if (typeof data !== 'string') return null;
  const tokens = Math.ceil(data.length / BASE64_PER_BYTE / BYTES_PER_TOKEN);
  return { data, tokens: Math.min(Math.max(tokens, ATTACHMENT_TOKENS), MAX_FILE_TOKENS) };
}

/** What is fetched from an address, or kept by the upstream: nobody here knows how large it is. */
function referenceOf(part: JsonObject) {
  const { image_url: image, file_url: file } = part;
  const address = [image, objectOf(image).url, file].find((one) => typeof one === 'string');
  const isAddress = typeof address === 'string' && /^https?:/i.test(address);
  const isKept = typeof (part.file_id ?? objectOf(part.file).file_id) === 'string';
  return isAddress || isKept ? { data: '', tokens: ATTACHMENT_TOKENS } : null;
}

function isBase64(text: string): boolean {
  return !/[^A-Za-z0-9+/=_-]/.test(text);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}
