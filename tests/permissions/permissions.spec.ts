/**
 * What the stacks' policies allow, by a simulation of IAM: all that is needed, nothing more. A simulation knows the
 * documents and not AWS; the calls are those that the handlers were seen to make on S3 in memory, and those that
 * documents of AWS and Spark name.
 */
import { expect } from "chai";
import { expectGenerated } from "../support/generatedFile.ts";
import { type Call, carrierOf, isAllowed } from "./call.ts";
import { type DeclaredStack, declaredStack, type Policy } from "./declared.ts";
import { documentedCalls } from "./documented.ts";
import { forbiddenCalls } from "./forbidden.ts";
import { matrixOf } from "./matrix.ts";
import { recordedCalls } from "./recorded.ts";

const title = ({ principal, action, resource, context }: Call) =>
  `${principal}: ${action} on ${resource} ${JSON.stringify(context)}`;

/** A stack with one policy changed, and what was changed. */
interface Mutant {
  readonly name: string;
  readonly stack: DeclaredStack;
  readonly touches: (call: Call) => boolean;
}

function withPolicy(stack: DeclaredStack, kind: "identity" | "attached", arn: string, policy: Policy): DeclaredStack {
  return { ...stack, [kind]: { ...stack[kind], [arn]: policy } };
}

/** Each policy without one of its statements or, with `grants`, without one action or resource of one statement. */
function mutantsOf(stack: DeclaredStack, of: "statements" | "grants"): Mutant[] {
  return (["identity", "attached"] as const).flatMap((kind) =>
    Object.entries(stack[kind]).flatMap(([arn, policy]) => {
      const touches = (call: Call) => (kind === "identity" ? call.principal : carrierOf(call.resource)) === arn;
      const mutant = (name: string, statements: Policy["Statement"]): Mutant => ({
        name: `${kind} ${arn}: ${name}`,
        stack: withPolicy(stack, kind, arn, { ...policy, Statement: statements }),
        touches,
      });
      return policy.Statement.flatMap((statement, index) => {
        if (of === "statements") return [mutant(statement.Sid, policy.Statement.toSpliced(index, 1))];
        if (statement.Effect === "Deny") return [];
        return (["Action", "Resource"] as const).flatMap((part) => {
          const all = statement[part] ?? [];
          if (all.length < 2) return [];
          return all.map((each) => {
            const changed = { ...statement, [part]: all.filter((other) => other !== each) };
            return mutant(`${statement.Sid} ${each}`, policy.Statement.with(index, changed));
          });
        });
      });
    }),
  );
}

for (const name of ["dev", "prod"])
  describe(`permissions of ${name}`, function () {
    this.timeout(300_000);
    let stack: DeclaredStack;
    let needed: Call[];
    let forbidden: Call[];
    before(async () => {
      stack = await declaredStack(name);
      needed = [...(await recordedCalls(stack)), ...documentedCalls(stack)];
      forbidden = forbiddenCalls(stack);
    });

    /** Whether a needed call fails on the changed stack, or a forbidden one goes through. */
    const isCaught = async ({ stack: changed, touches }: Mutant) => {
      for (const call of needed) if (touches(call) && !(await isAllowed(changed, call))) return true;
      for (const call of forbidden) if (touches(call) && (await isAllowed(changed, call))) return true;
      return false;
    };
    const survivors = async (mutants: readonly Mutant[]) => {
      const alive: string[] = [];
      for (const mutant of mutants) if (!(await isCaught(mutant))) alive.push(mutant.name);
      return alive;
    };

    it("allow every call that is needed", async () => {
      const denied: string[] = [];
      for (const call of needed) if (!(await isAllowed(stack, call))) denied.push(title(call));
      expect(denied).to.deep.equal([]);
    });

    it("refuse every call that is forbidden", async () => {
      const allowed: string[] = [];
      for (const call of forbidden) if (await isAllowed(stack, call)) allowed.push(`${call.from}: ${title(call)}`);
      expect(allowed).to.deep.equal([]);
    });

    it("have no statement that could go", async () => {
      expect(await survivors(mutantsOf(stack, "statements"))).to.deep.equal([]);
    });

    it("grant no action and no resource that nothing needs", async () => {
      expect(await survivors(mutantsOf(stack, "grants"))).to.deep.equal([]);
    });
  });

describe("docs/permissions.md", function () {
  this.timeout(300_000);

  it("says who calls what and what is refused, in each stack", async () => {
    // One after the other: Pulumi's mocks are the process's own.
    const stacks = [await declaredStack("dev"), await declaredStack("prod")];
    expectGenerated("docs/permissions.md", await matrixOf(stacks));
  });
});
