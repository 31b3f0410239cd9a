import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "chai";
import { matchesSomeBatch } from "../../config/batchName.ts";
import { contractOf } from "../../config/contract.ts";
import { loadConfig } from "../../config/load.ts";
import { portablePattern } from "../../config/pattern.ts";
import { problemsOf } from "../../config/validate.ts";
import { changedConfig } from "./changedConfig.ts";

/** JavaScript and RE2, which is DuckDB's, read each pattern alike; Java's reading is not tried here. */
describe("a pattern for values", () => {
  for (const [written, contracted, matched, unmatched] of [
    ["[A-Z]{3}", "[A-Z]{3}", ["EUR"], ["EU", "EURO", "EUR\n"]],
    ["^[a-z]+$", "[a-z]+", ["a"], ["", "a\n"]],
    ["^a|b$", "a|b", ["a", "b"], ["ab"]],
    ["a.c", "a[^\\n\\r]c", ["abc", "a\u2028c", "a😀c"], ["a\nc", "a\rc"]],
    ["\\s*\\d+", "[ \\t\\n\\x0B\\f\\r]*[0-9]+", [" \v1"], ["\u00a01", "٣"]],
    ["\\w\\W\\S\\D", "[0-9A-Z_a-z][^0-9A-Z_a-z][^ \\t\\n\\x0B\\f\\r][^0-9]", ["aé\u00a0\n"], ["éaaa"]],
    ["[\\s\\-,&]", "[ \\t\\n\\x0B\\f\\r\\-,&]", ["-", "&", "\v"], ["\u00a0"]],
    ["[&\\&]", "[\\x26\\x26]", ["&"], ["\\"]],
    ["[^\\]a-c]", "[^\\]a-c]", ["d", "\n"], ["]", "b"]],
    ["(a|bc)*?d", "(?:a|bc)*?d", ["abcad", "d"], ["abd"]],
    ["(?:ab){2,}", "(?:ab){2,}", ["abab"], ["ab"]],
    ["a{0,2}b??", "a{0,2}b??", ["", "aab"], ["aaa"]],
    ["\\u00e9\\x41\\.\\/]}", "éA\\./\\]\\}", ["éA./]}"], ["éA"]],
    ["[😀-😂]", "[😀-😂]", ["😁"], ["😃"]],
    ["a||b", "a||b", ["", "a"], ["ab"]],
    ["[a-]", "[a\\-]", ["-"], ["b"]],
    ["\\\\n", "\\\\n", ["\\n"], ["\n"]],
    ["(^a)", "a", ["a"], ["b"]],
  ] as const)
    it(`is written so that all engines read it alike: ${written}`, async () => {
      expect(portablePattern(written)).to.equal(contracted);
      const whole = new RegExp(`^(?:${contracted})$`, "u");
      const connection = await (await DuckDBInstance.create()).connect();
      const inRe2 = async (text: string) =>
        (await connection.runAndReadAll("select regexp_full_match($1, $2)", [text, contracted])).getRows()[0]![0];
      for (const [texts, matches] of [
        [matched, true],
        [unmatched, false],
      ] as const)
        for (const text of texts) expect([whole.test(text), await inRe2(text)], text).to.deep.equal([matches, matches]);
      connection.closeSync();
      expect(portablePattern(contracted), "it stays as it is").to.equal(contracted);
    });

  const alike = (what: string, fix: string) => `has ${what}, which the engines don't all read alike; ${fix}`;
  for (const [written, problem] of [
    ["(?=a)b", alike('a lookahead, "(?="', "say what the whole text is without it")],
    ["(?!a)b", alike('a negative lookahead, "(?!"', "say what the whole text is without it")],
    ["(?<=a)b", alike('a lookbehind, "(?<="', "say what the whole text is without it")],
    ["(?<!a)b", alike('a negative lookbehind, "(?<!"', "say what the whole text is without it")],
    ["(?>a)", alike('an atomic group, "(?>"', 'write "(?:"')],
    ["(?<year>a)", alike('a named group, "(?<"', 'write "(?:"')],
    ["(?P<year>a)", alike('a named group, "(?P<"', 'write "(?:"')],
    ["(?i)a", alike('a flag, "(?"', "write it out, such as [Aa] for a letter of either case")],
    ["(?#a)", alike('a comment, "(?#"', "leave it out")],
    ["a*+", alike('a possessive quantifier, "*+"', 'write "*"')],
    ["a{1,2}+", alike('a possessive quantifier, "{1,2}+"', 'write "{1,2}"')],
    ["(a)\\1", alike('a reference to a group, "\\1"', "write the group again")],
    ["\\bа", alike('a word boundary, "\\b"', "write out what may stand there")],
    ["\\p{L}+", alike('a Unicode class, "\\p"', "write out the characters, such as [A-Za-z]")],
    ["\\Qa\\E", alike('an escape, "\\Q"', "write the character itself, or \\xHH")],
    ["\\v", alike('an escape, "\\v"', "write the character itself, or \\xHH")],
    ["\\0", alike('an escape, "\\0"', "write the character itself, or \\xHH")],
    ["\\ud83d", alike('half a character, "\\ud83d"', "write the character itself")],
    ["a{b", alike('a brace, "{"', 'write "\\{" for the character')],
    ["a{,3}", alike('a brace, "{"', 'write "\\{" for the character')],
    ["[]a]", alike('an empty class, "[]"', 'write "\\]" for the character')],
    ["[^]", alike('an empty class, "[^]"', 'write "\\]" for the character')],
    ["[[:alpha:]]", alike('a class in a class, "["', 'write "\\[" for the character')],
    ["[a&&b]", alike('an intersection of classes, "&&"', 'write "&" once for the character')],
    ["[a\\S]", alike('a negated class in a class, "\\S"', "write out what is meant")],
    ["a^b", alike('a beginning, "^"', "leave it out: the whole text must match")],
    ["(a$|b)c", alike('an end, "$"', "leave it out: the whole text must match")],
    ["a{1001}", "repeats more than 1000 times, which RE2 can't; ask for less"],
    ["(a{40}){40}", "repeats more than 1000 times, which RE2 can't; ask for less"],
    ["([A-Z", 'not a regular expression: "[" without "]"'],
    ["(a", 'not a regular expression: "(" without ")"'],
    ["a)", 'not a regular expression: ")" without "("'],
    ["*a", 'not a regular expression: nothing to repeat before "*"'],
    ["a**", 'not a regular expression: nothing to repeat before "*"'],
    ["^*", 'not a regular expression: nothing to repeat before "*"'],
    ["a{3,2}", 'not a regular expression: "{3,2}" ends before it begins'],
    ["[z-a]", "not a regular expression: a range ends before it begins"],
    ["[\\d-z]", 'not a regular expression: "\\d-" begins no range'],
    ["[a-\\d]", 'not a regular expression: "-\\d" ends no range'],
    ["a\\", 'not a regular expression: a "\\" at the end'],
    ["[a\\", 'not a regular expression: a "\\" at the end'],
    ["(".repeat(102) + ")".repeat(102), "not a regular expression: groups are nested more than 100 deep"],
  ] as const)
    it(`is refused with what to write instead: ${written.slice(0, 20)}`, () => {
      expect(() => portablePattern(written)).to.throw(problem);
    });

  it("is refused at its place in the config, and else comes into the contract", async () => {
    const file = changedConfig({ 'pattern: "[A-Z]{3}"': 'pattern: "(?i)[A-Z]{3}"' });
    const [problem, ...others] = await problemsOf(file);
    expect(problem!.replace(/^.*?:\d+:\d+ /, "")).to.equal(
      `datasets.orders.columns.currency.rules.0.pattern: ${alike('a flag, "(?"', "write it out, such as [Aa] for a letter of either case")}`,
    );
    expect(others).to.deep.equal([]);
    const spaced = loadConfig(changedConfig({ 'pattern: "[A-Z]{3}"': "pattern: '\\w\\s'" }), "dev").config;
    expect(contractOf(spaced).datasets.orders!.columns[4]!.rules).to.deep.equal([
      { pattern: "[0-9A-Z_a-z][ \\t\\n\\x0B\\f\\r]", onViolation: "warn" },
    ]);
  });
});

describe("the pattern for names of batches", () => {
  for (const pattern of [
    "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "(north|south)-[0-9]{4}",
    ".*",
    "a|dt=.*",
    "a/?",
    "^x$",
    ".{64}",
    "current.+",
    "curren.",
    "[^/]+",
    "(?=.*)2026",
    "(?<year>[0-9]{4})",
    "\\d{4}\\b",
  ])
    it(`is accepted where a batch can have such a name: ${pattern}`, () => {
      expect(matchesSomeBatch(pattern)).to.equal(true);
    });

  const says =
    'matches no name that a batch can have: up to 64 letters, digits, ".", "_" and "-", the first a letter or a digit, and not "current"; choose folders named so, such as 2026-11-22';
  for (const pattern of [
    "dt=[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "[0-9]{4}/[0-9]{2}/[0-9]{2}",
    "[0-9]{4}-[0-9]{2}/",
    "batch [0-9]+",
    "_[0-9]+",
    ".{65,}",
    "(ab){33}",
    "",
    "current",
    "cur(r|=)ent",
    "a$b",
    "a^b",
    "(a=|b/)*é",
  ])
    it(`is refused where no batch can: ${pattern}`, async () => {
      const file = changedConfig({ 'keyPattern: "[0-9]{4}-[0-9]{2}-[0-9]{2}"': `keyPattern: "${pattern}"` });
      expect((await problemsOf(file)).map((line) => line.replace(/^.*?:\d+:\d+ /, ""))).to.deep.equal([
        `batching.keyPattern: ${says}`,
      ]);
    });
});
