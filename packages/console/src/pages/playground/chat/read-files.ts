import type { Attachment } from './chat-types.ts';
import { newId } from './new-id.ts';

/** A request takes 32 MiB where nobody set another limit; data URLs are a third longer than their bytes. */
export const maxAttachedBytes = 20 * 1024 * 1024;

/** What cannot be sent, and why. */
export type LeftFile = { readonly name: string; readonly why: 'too_large' | 'unreadable' };

/** Reads files that were picked, pasted or dropped. What would make the request too large is left out. */
export async function readFiles(
  files: readonly File[],
  attachedBytes: number,
): Promise<{ readonly attachments: readonly Attachment[]; readonly left: readonly LeftFile[] }> {
  const left: LeftFile[] = [];
  let room = maxAttachedBytes - attachedBytes;
  const read = files.map(async (file): Promise<readonly Attachment[]> => {
    if (file.size > room) {
      left.push({ name: file.name, why: 'too_large' });
      return [];
    }
    room -= file.size;
    try {
      return [await toAttachment(file)];
    } catch {
      left.push({ name: file.name, why: 'unreadable' });
      return [];
    }
  });
  return { attachments: (await Promise.all(read)).flat(), left };
}

async function toAttachment(file: File): Promise<Attachment> {
  const url = await dataUrlOf(file);
  const kind = file.type.startsWith('image/') ? 'image' : 'file';
  return { id: newId(), kind, name: file.name, bytes: file.size, url };
}

function dataUrlOf(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
