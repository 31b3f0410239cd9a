/** What the plan for a reviewer shows of the statements that a run executes. What these do is in tests/glue. */
import { expect } from "chai";
import type { Contract, ContractColumn, DatasetContract } from "../../config/contract.ts";
import { compilePlan } from "../../plan/compile.ts";
import type { Plan as RunPlan } from "../../plan/plan.ts";
import { diffText } from "../../review/plan/lineDiff.ts";
import { markdown } from "../../review/plan/markdown.ts";
import { planOf } from "../../review/plan/plan.ts";
import type { Json, Snapshot } from "../../review/plan/snapshot/snapshot.ts";
import { column, contract, dataset, output } from "../plan/contracts.ts";

const things = (maxRejected: number, ...rules: ContractColumn["rules"]): DatasetContract =>
  dataset([column("id", "string", "reject"), column("n", "int", "keep", ...rules)], ["id"], "n", { maxRejected });
const copy = { copy: output(["id"], { id: "string" }) };
const sql = { copy: "select\n    id\nfrom things\n" };
const small = contract({ things: things(5) }, copy);

/** A stack that uploads these, and nothing else. */
function stackWith(uploaded: Contract, plan: RunPlan | null): Snapshot {
  const upload = (role: string, content: object) => ({
    urn: role,
    type: "aws:s3/bucketObjectv2:BucketObjectv2",
    name: role,
    inputs: { key: `${role}/1.json`, content: JSON.parse(JSON.stringify(content)) as Json },
    protect: false,
    retainOnDelete: true,
    replaceOnChanges: [],
    aliases: [],
  });
  return { resources: [upload("contract", uploaded), ...(plan ? [upload("plan", plan)] : [])], parents: {} };
}

const commentOf = (before: RunPlan | null, after: RunPlan) =>
  markdown(planOf({ stack: "dev", base: "main", engines: [] }, stackWith(small, before), stackWith(small, after)));
const shown = (before: RunPlan | null, after: RunPlan) => {
  const text = commentOf(before, after);
  return { summary: text.match(/^- Statements: (.*)$/m)![1], section: text.split("### Statements\n\n")[1] };
};
const rows = ({ section }: ReturnType<typeof shown>) =>
  section!
    .match(/^\| (removed|changed|added|moved) \| `.*?` \(.*?\)/gm)!
    .map((row) => row.slice(2).replace(" | ", " "));

describe("the statements of a plan", () => {
  it("are not shown when a change alters none", () => {
    expect(shown(compilePlan(small, sql), compilePlan(small, { copy: `${sql.copy}\n` }))).to.deep.equal({
      summary: "no change",
      section: undefined,
    });
  });

  it("of an output's SQL are shown with the lines that differ", () => {
    const changed = { copy: "-- All of them.\nselect\n    id -- the key\nfrom things\nwhere id <> '```'\n" };
    expect(shown(compilePlan(small, sql), compilePlan(small, changed))).to.deep.equal({
      summary: "1 changed",
      section: `|  | statement | what it is for |
| --- | --- | --- |
| changed | \`copy\` (output) | The rows of copy, by the SQL of the output. |

#### \`copy\`

\`\`\`\`diff
 id string
 copy.schema, else schema_mismatch:
+-- All of them.
 select
-    id
+    id -- the key
 from things
+where id <> '\`\`\`'
 when it can't be executed: sql_failed, output "copy"
\`\`\`\`
`,
    });
  });

  it("of a rule and a share are shown with their checks and numbers", () => {
    const stricter = contract({ things: things(0.5, { range: { min: "1" }, onViolation: "reject" }) }, copy);
    expect(shown(compilePlan(small, sql), compilePlan(stricter, sql))).to.deep.equal({
      summary: "5 changed",
      section: `|  | statement | what it is for |
| --- | --- | --- |
| changed | \`things#checked\` (view) | The rows of things, each with the first rule that it breaks. |
| changed | \`datasets#counts\` (count) | The rows read, rejected, removed as duplicates and kept, the warnings and the orphans. |
| changed | \`things#rejected\` (rejected) | The rows of things that break a rule, each with its rule, file and line. |
| changed | \`datasets#checks\` (check) | The datasets are fit for the outputs; all of their failures are told at once. |
| changed | \`#report\` (numbers) | The numbers of the run report. |

#### \`things#checked\`

\`\`\`diff
@@ line 7 @@
     case
         when \`id\` is null then 'id_is_null'
+        when (\`n\` < cast('1' as int)) then 'n_out_of_range'
     end as \`#rule\`
 from \`things#silver\`
\`\`\`

#### \`datasets#counts\`

\`\`\`diff
@@ line 3 @@
     cast(coalesce(sum(case when dataset = 'things' and what in ('kept') then row_count end), 0) as bigint) as \`things.kept\`,
     cast(coalesce(sum(case when dataset = 'things' and what in ('duplicate') then row_count end), 0) as bigint) as \`things.deduplicated\`,
-    cast(coalesce(sum(case when dataset = 'things' and what in ('read') and detail = 'id_is_null' then row_count end), 0) as bigint) as \`things.rejected.id_is_null\`
+    cast(coalesce(sum(case when dataset = 'things' and what in ('read') and detail = 'id_is_null' then row_count end), 0) as bigint) as \`things.rejected.id_is_null\`,
+    cast(coalesce(sum(case when dataset = 'things' and what in ('read') and detail = 'n_out_of_range' then row_count end), 0) as bigint) as \`things.rejected.n_out_of_range\`
 from (
 select dataset, 'read' as what, \`#rule\` as detail, row_count from \`groups#1\`
\`\`\`

#### \`things#rejected\`

\`\`\`diff
-if things.rejected.id_is_null > 0:
+if things.rejected.id_is_null + things.rejected.n_out_of_range > 0:
 select
     \`#rule\` as rule,
\`\`\`

#### \`datasets#checks\`

\`\`\`diff
@@ line 3 @@
     expected {things.rows} rows as promoted, actual {things.read}
 things.rows_balance, else check_failed:
-    things.read = things.kept + things.rejected.id_is_null + things.deduplicated
-    {things.read} read = {things.kept} kept + {things.rejected.id_is_null} rejected + {things.deduplicated} deduplicated
+    things.read = things.kept + things.rejected.id_is_null + things.rejected.n_out_of_range + things.deduplicated
+    {things.read} read = {things.kept} kept + {things.rejected.id_is_null + things.rejected.n_out_of_range} rejected + {things.deduplicated} deduplicated
 things.max_rejected, else too_many_rejected:
-    100 * (things.malformed + things.rejected.id_is_null) <= 5 * (things.malformed + things.read)
-    expected at most 5%, actual {100 * (things.malformed + things.rejected.id_is_null) / (things.malformed + things.read)}% ({things.malformed} malformed + {things.rejected.id_is_null} rejected of {things.malformed + things.read} rows)
-    if 100 * (things.malformed + things.rejected.id_is_null) > 5 * (things.malformed + things.read): : {malformed things.malformed, id_is_null things.rejected.id_is_null}
-    if things.rejected.id_is_null > 0: ; see {things.rejected_uri}
+    1000 * (things.malformed + things.rejected.id_is_null + things.rejected.n_out_of_range) <= 5 * (things.malformed + things.read)
+    expected at most 0.5%, actual {100 * (things.malformed + things.rejected.id_is_null + things.rejected.n_out_of_range) / (things.malformed + things.read)}% ({things.malformed} malformed + {things.rejected.id_is_null + things.rejected.n_out_of_range} rejected of {things.malformed + things.read} rows)
+    if 1000 * (things.malformed + things.rejected.id_is_null + things.rejected.n_out_of_range) > 5 * (things.malformed + things.read): : {malformed things.malformed, id_is_null things.rejected.id_is_null, n_out_of_range things.rejected.n_out_of_range}
+    if things.rejected.id_is_null + things.rejected.n_out_of_range > 0: ; see {things.rejected_uri}
\`\`\`

#### \`#report\`

\`\`\`diff
@@ line 4 @@
 datasets.things.kept = things.kept
 datasets.things.rejected.id_is_null = things.rejected.id_is_null
+datasets.things.rejected.n_out_of_range = things.rejected.n_out_of_range
 datasets.things.deduplicated = things.deduplicated
 outputs.copy.rows = copy.rows
\`\`\`
`,
    });
  });

  it("of a new dataset are those of its own, and those that it shares with others", () => {
    const more = contract({ things: things(5), others: things(5) }, copy);
    const plans = [compilePlan(small, sql), compilePlan(more, sql)] as const;
    const added = shown(...plans);
    expect(added.summary).to.equal("6 changed, 4 added");
    expect(rows(added)).to.deep.equal([
      "changed `#inputs` (tables)",
      "added `others#checked` (view)",
      "changed `groups#1` (table)",
      "changed `duplicates#1` (table)",
      "added `others#kept` (view)",
      "added `others` (view)",
      "changed `datasets#counts` (count)",
      "added `others#rejected` (rejected)",
      "changed `datasets#checks` (check)",
      "changed `#report` (numbers)",
    ]);
    expect(added.section).to.contain("\n+others#silver\n+    id string\n");
    expect(added.section).to.contain(
      "#### `others`\n\n```diff\n+select\n+    `id`,\n+    `n`\n+from `others#kept`\n+when ",
    );
    const removed = shown(plans[1], plans[0]);
    expect(removed.summary).to.equal("4 removed, 6 changed");
    expect(removed.section).to.contain(
      "#### `others`\n\n```diff\n-select\n-    `id`,\n-    `n`\n-from `others#kept`\n-when ",
    );
  });

  it("that are executed in another order are named", () => {
    const ordered = (names: readonly string[]) =>
      compilePlan(contract(small.datasets, Object.fromEntries(names.map((name) => [name, copy.copy]))), {
        a: sql.copy,
        b: sql.copy,
      });
    const moved = shown(ordered(["a", "b"]), ordered(["b", "a"]));
    expect(rows(moved)).to.deep.equal([
      "moved `a` (output)",
      "moved `a#counts` (count)",
      "moved `a#checks` (check)",
      "changed `#report` (numbers)",
    ]);
    expect(moved.section).not.to.contain("#### `a`");
  });

  it("are all new when the base has no plan", () => {
    const plan = compilePlan(small, sql);
    expect(shown(null, plan).summary).to.equal(`${plan.statements.length + 2} added`);
  });

  it("say so when their kind or purpose differs", () => {
    const plan = compilePlan(small, sql);
    const kept: RunPlan = {
      ...plan,
      statements: plan.statements.map((one) =>
        one.name === "things" && one.kind === "view" ? { ...one, kind: "table" } : one,
      ),
    };
    expect(shown(plan, kept).section).to.contain(`\`\`\`diff
-(view) The rows of things that the SQL of the outputs reads.
+(table) The rows of things that the SQL of the outputs reads.
 select
     \`id\`,
\`\`\``);
  });

  it("are cut when they are long", () => {
    const lines = Array.from({ length: 100 }, (_, line) => `-- ${line}`).join("\n");
    const { section } = shown(compilePlan(small, sql), compilePlan(small, { copy: `${lines}\n${sql.copy}` }));
    expect(section).to.match(/\n\+-- 57\n@@ 44 more lines @@\n```\n$/);
  });
});

describe("the engines of a plan", () => {
  it("are those of the statements, and a plan that loses DuckDB stands out", () => {
    const [both, spark] = [compilePlan(small, sql), compilePlan(small, { copy: "select upper(id) as id from things" })];
    const told = (before: RunPlan | null, after: RunPlan) => /^- .*Engines: .*$/m.exec(commentOf(before, after))![0];
    expect(told(both, both)).to.equal("- Engines: DuckDB or Spark, as before");
    expect(told(spark, both)).to.equal("- Engines: DuckDB or Spark, before Spark only");
    expect(told(both, spark)).to.equal("- **Engines: Spark only**, before DuckDB or Spark");
    expect(told(null, spark)).to.equal("- Engines: Spark only, as before");
  });
});

describe("the difference of two texts", () => {
  const cases: [string, string, string[]][] = [
    ["a b c", "a b c", []],
    ["", "a", ["+a"]],
    ["a", "", ["-a"]],
    ["a b c d e f g", "a b c d e x g", ["@@ line 4 @@", " d", " e", "-f", "+x", " g"]],
    ["a b c d e f g", "x b c d e f", ["-a", "+x", " b", " c", "@@ line 5 @@", " e", " f", "-g"]],
    ["a b a b", "b a b a", ["-a", " b", " a", " b", "+a"]],
  ];
  for (const [before, after, expected] of cases)
    it(`of "${before}" and "${after}" is "${expected.join(" ")}"`, () => {
      const lines = (text: string) => text.split(" ").filter((line) => line !== "");
      expect(diffText(lines(before), lines(after))).to.deep.equal(expected);
    });
});
