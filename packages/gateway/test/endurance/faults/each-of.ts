/** More at once than callers ever are would try something else. */
const atOnce = 8;

/** Asks about each of them, a few at a time; the answers in order. */
export async function eachOf<Item, Answer>(
  all: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const left = all.entries();
  const lane = async () => {
    for (const [at, item] of left) answers[at] = await ask(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return answers;
}
