const control = '\\u001b';
const unseen = new RegExp(
  [
    `${control}\\[[0-?]*[ -/]*[@-~]`,
    `${control}\\][^\\u0007${control}]*(?:\\u0007|${control}\\\\)?`,
    '[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]',
  ].join('|'),
  'g',
);

/** A text without what steers terminals and is none for people. */
export function shownText(text: string): string {
  return text.replaceAll(unseen, '');
}

/** JSON with its lines broken for people; what is none as it is. */
export function shownJson(written: string): string {
  try {
    return shownText(JSON.stringify(JSON.parse(written), null, 2));
  } catch {
    return shownText(written);
  }
}
