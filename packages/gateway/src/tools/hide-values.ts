/** Shorter ones are no secrets, and would take words out of texts. */
const MIN_LENGTH = 8;

/** What stands where a secret stood. */
const mark = '[secret]';

/** What tools end a text with that they cut. */
const saysItWasCut = /\n\n\[cut: [^\]\n]*\]$/;

/**
 * Takes secrets out of what a server says that was sent them: some repeat what they were sent, in answers and in
 * failures. Of `Bearer …` the second half counts by itself; so do the forms that JSON, addresses and base64 give a value,
 * and what is left of one at the end of a text that was cut.
 */
export function hideValues(values: readonly string[]): (text: string) => string {
  const forms = [...new Set(values.flatMap(partsOf).flatMap(formsOf))];
  const longestFirst = forms.toSorted((a, b) => b.length - a.length);
  return (text) => {
    const [saysCut = ''] = saysItWasCut.exec(text) ?? [];
    let shown = text.slice(0, text.length - saysCut.length);
    for (const form of longestFirst) shown = shown.replaceAll(form, mark);
    for (const form of longestFirst) shown = withoutBeginning(shown, form);
    return shown + saysCut;
  };
}

function partsOf(value: string): string[] {
  return [value, ...value.split(/\s+/)].filter((part) => part.length >= MIN_LENGTH);
}

function formsOf(value: string): string[] {
  const base64 = Buffer.from(value).toString('base64').replace(/=+$/, '');
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), base64];
}

/** A text that ends in the beginning of a value, without it. */
function withoutBeginning(text: string, value: string): string {
  for (let length = value.length - 1; length >= MIN_LENGTH; length -= 1) {
    if (text.endsWith(value.slice(0, length))) return text.slice(0, -length) + mark;
  }
  return text;
}
