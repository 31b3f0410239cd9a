/**
 * What the stacks' policies allow, by a simulation of IAM: all that is needed, nothing more. A simulation knows the
 * documents and not AWS; the calls are those that the handlers were seen to make on S3 in memory, and those that
 * documents of AWS and Spark name. Those of a whole run are compared with them in tests/e2e/permissions.spec.ts.
 */
import { expect } from "chai";
import { expectGenerated } from "../docs/generatedFile.ts";
import { type Call, carrierOf, isAllowed } from "./call.ts";
import { type DeclaredStack, declaredStack, type Policy, type PolicyStatement } from "./declared.ts";
import { documentedCalls } from "./documented.ts";
import { forbiddenCalls } from "./forbidden.ts";
import { grantedCalls, grantingConfig } from "./granted.ts";
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

/** A statement without one of its actions on one of its resources. */
function withoutCell(statement: PolicyStatement, action: string, resource: string): PolicyStatement[] {
  const { Action, Resource = [] } = statement;
  return [
    { ...statement, Action: Action.filter((other) => other !== action) },
    { ...statement, Action: [action], Resource: Resource.filter((other) => other !== resource) },
  ].filter((rest) => rest.Action.length > 0 && rest.Resource?.length !== 0);
}

/** A statement with one value of one of its conditions less, in which any of several is enough. */
function withoutValue(statement: PolicyStatement): [string, PolicyStatement][] {
  const condition = (statement.Condition ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  return Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, values]) =>
      !Array.isArray(values) || values.length < 2
        ? []
        : values.map((value): [string, PolicyStatement] => {
            const less = { ...keys, [key]: values.filter((other) => other !== value) };
            return [`${key} ${value}`, { ...statement, Condition: { ...condition, [operator]: less } }];
          }),
    ),
  );
}

/** Each policy without one of its statements or, with `grants`, without one cell or one condition's value of one. */
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
        const { Sid, Action, Resource = [] } = statement;
        const instead = (what: string, ...statements: PolicyStatement[]) =>
          mutant(`${Sid} ${what}`, policy.Statement.toSpliced(index, 1, ...statements));
        const cells = Action.flatMap((action) => Resource.map((resource) => [action, resource] as const));
        return [
          ...(cells.length < 2 ? [] : cells).map(([action, resource]) =>
            instead(`${action} on ${resource}`, ...withoutCell(statement, action, resource)),
          ),
          ...withoutValue(statement).map(([value, less]) => instead(value, less)),
        ];
      });
    }),
  );
}

/** What stacks are evaluated: the shipped ones, and one whose config lets in somebody else. */
const evaluated: Readonly<Record<string, () => Promise<{ stack: DeclaredStack; needed: Call[]; forbidden: Call[] }>>> =
  {
    ...Object.fromEntries(["dev", "prod"].map((name) => [name, async () => callsOf(await declaredStack(name))])),
    "dev with an administrator of the key and a reader of Gold": async () => {
      const stack = await declaredStack("dev", { "commerce:configFile": grantingConfig() });
      const { needed, forbidden } = await callsOf(stack);
      const granted = grantedCalls(stack);
      return { stack, needed: [...needed, ...granted.needed], forbidden: [...forbidden, ...granted.forbidden] };
    },
  };

async function callsOf(stack: DeclaredStack) {
  return {
    stack,
    needed: [...(await recordedCalls(stack)), ...documentedCalls(stack)],
    forbidden: forbiddenCalls(stack),
  };
}

for (const [name, evaluate] of Object.entries(evaluated))
  describe(`permissions of ${name}`, function () {
    this.timeout(300_000);
    let stack: DeclaredStack;
    let needed: Call[];
    let forbidden: Call[];
    before(async () => {
      ({ stack, needed, forbidden } = await evaluate());
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

    it("grant no action on any resource that nothing needs, and refuse none in vain", async () => {
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
