import { closeList, comma, openList, Scanner } from "./scanner.ts";

/**
 * The elements of a JSON list as they are written, one at a time.
 * @throws NotJson where the text is no list, or one that something follows; all elements before it were given by then
 */
export function* elementsOf(text: string): Generator<string> {
  const scanner = new Scanner(text);
  scanner.expect(openList);
  if (!scanner.take(closeList)) {
    do {
      scanner.peek();
      const start = scanner.at;
      scanner.skip();
      yield text.slice(start, scanner.at);
    } while (scanner.take(comma));
    scanner.expect(closeList);
  }
  scanner.expectEnd();
}
