/**
 * Runs `work` on each item, `width` at a time, until all are done or `mayGoOn` returns false. Work already started is
 * completed.
 * @throws the first error; no further item is started after it
 */
export async function inParallel<Item>(
  items: Iterable<Item>,
  width: number,
  work: (item: Item) => Promise<unknown>,
  mayGoOn: () => boolean = () => true,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const lane = async () => {
    while (errors.length === 0 && mayGoOn()) {
      const { done, value } = rest.next();
      if (done) return;
      try {
        await work(value);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (errors.length > 0) throw errors[0];
}
