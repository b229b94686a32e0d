/** The text of one run as it is told to the caller: messages with a blank line between them. */
export type Transcript = {
  /** What is written next belongs to another message. */
  breakMessage(): void;
  write(delta: string): Promise<void> | void;
  /** Texts of the messages so far; none is empty. */
  readonly messages: readonly string[];
};

/** Makes an empty transcript. `send` gets every delta, the blank lines included; its promise is handed on. */
export function createTranscript(send: (delta: string) => Promise<void> | void): Transcript {
  const messages: string[] = [];
  let broken = true;
  return {
    messages,
    breakMessage() {
      broken = true;
    },
    write(delta) {
      if (delta === '') return undefined;
      if (!broken) {
        messages[messages.length - 1] += delta;
        return send(delta);
      }
      broken = false;
      messages.push(delta);
      return send(messages.length > 1 ? `\n\n${delta}` : delta);
    },
  };
}
