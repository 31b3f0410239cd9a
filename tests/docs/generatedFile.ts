import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";

/** How a committed file that a test generates is brought up to date; belongs in the file's header. */
export const regenerate = (spec: string) => `UPDATE_GENERATED=1 npm test -- ${spec}`;

/** The committed file says exactly `text`. With UPDATE_GENERATED=1 it is written instead. */
export function expectGenerated(path: string, text: string): void {
  if (process.env.UPDATE_GENERATED === "1") writeFileSync(path, text);
  expect(
    existsSync(path) ? readFileSync(path, "utf8") : "",
    `${path} is not current; rerun with UPDATE_GENERATED=1`,
  ).to.equal(text);
}
