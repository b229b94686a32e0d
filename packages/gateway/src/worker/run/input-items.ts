import type { InputItem, InputPart } from '../../protocol/run.ts';

/** The conversation as input items of the SDK, in forms that copies from 0.1.x on accept. */
export function inputItems(items: readonly InputItem[]): object[] {
  return items.map((item) => {
    switch (item.role) {
      case 'system':
        return { role: 'system', content: item.text };
      case 'user':
        return { role: 'user', content: userContent(item.parts) };
      case 'assistant':
        return {
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: item.text }],
        };
      default:
        return item satisfies never;
    }
  });
}

/** A lone text stays a string, which every API and server takes. */
function userContent(parts: readonly InputPart[]): string | object[] {
  const [only] = parts;
  return parts.length === 1 && only?.type === 'text' ? only.text : parts.map(sdkPart);
}

function sdkPart(part: InputPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return {
        type: 'input_image',
        image: part.url,
        ...(part.detail ? { detail: part.detail } : {}),
      };
    case 'audio':
      return { type: 'audio', audio: part.data, format: part.format };
    case 'file':
      return {
        type: 'input_file',
        file: part.fileId === undefined ? dataUrl(part.data ?? '') : { id: part.fileId },
        ...(part.filename === undefined ? {} : { filename: part.filename }),
      };
    default:
      return part satisfies never;
  }
}

/** Clients send a data URL or bare base64; the SDK takes only the former. */
function dataUrl(data: string): string {
  return data.startsWith('data:') ? data : `data:application/pdf;base64,${data}`;
}

/** The text of the last user message: what a workflow takes as its only input. */
export function lastUserText(items: readonly InputItem[]): string {
  const last = items.findLast((item) => item.role === 'user');
  if (last?.role !== 'user') return '';
  return last.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}
