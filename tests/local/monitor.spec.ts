import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { applyProgram } from "../../local/monitor.ts";
import type { Context, Created, Resources } from "../../local/resources/resource.ts";

/** What mocks do not prove: that the real handlers make what they are asked for; the local stack's own spec does. */

const context = { region: "eu-central-1", accountId: "000000000000" } as Context;

class Thing extends pulumi.CustomResource {
  declare readonly arn: pulumi.Output<string>;
  declare readonly missing: pulumi.Output<string>;
  constructor(name: string, inputs: Record<string, unknown>, opts?: pulumi.CustomResourceOptions) {
    super("test:index:Thing", name, { arn: undefined, missing: undefined, ...inputs }, opts);
  }
}

type Inputs = Record<string, unknown> & { name: string };
let made: Inputs[];

const resources: Resources = {
  "test:index:Thing": async (inputs: Inputs): Promise<Created> => {
    made.push(JSON.parse(JSON.stringify(inputs)));
    return { id: inputs.name, outputs: { arn: `arn:aws:test:${inputs.name}` } };
  },
};

const apply = (run: () => object, options: { resources?: Resources; timeout?: number } = {}) =>
  applyProgram({ project: "test", stack: "dev", config: { "test:region": "here" }, run: async () => run() }, context, {
    resources,
    ...options,
  });

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it did not fail");
}

describe("the monitor of the local run", () => {
  beforeEach(() => {
    made = [];
  });

  it("makes each resource, and hands outputs to its dependants and to the stack", async () => {
    const outputs = await apply(() => {
      const first = new Thing("first", { name: "a" });
      const second = new Thing("second", { name: "b", target: first.arn });
      return { secondArn: second.arn };
    });
    expect(made).to.deep.equal([{ name: "a" }, { name: "b", target: "arn:aws:test:a" }]);
    expect(outputs).to.deep.equal({ secondArn: "arn:aws:test:b" });
  });

  it("waits for what a resource depends on", async () => {
    await apply(() => {
      const first = new Thing("first", { name: pulumi.output(new Promise((done) => setTimeout(done, 50, "slow"))) });
      new Thing("second", { name: "quick" }, { dependsOn: [first] });
      return {};
    });
    expect(made.map(({ name }) => name)).to.deep.equal(["slow", "quick"]);
  });

  it("gives the program its config", async () => {
    const outputs = await apply(() => ({ region: new pulumi.Config("test").require("region") }));
    expect(outputs).to.deep.equal({ region: "here" });
  });

  it("unwraps secrets", async () => {
    await apply(() => {
      new Thing("first", { name: "a", nested: { list: ["open", pulumi.secret("hidden")] } });
      return {};
    });
    expect(made[0]).to.deep.equal({ name: "a", nested: { list: ["open", "hidden"] } });
  });

  it("refuses a resource type that it does not know", async () => {
    const message = await failure(
      apply(
        () => {
          new Thing("first", { name: "a" });
          return {};
        },
        { resources: {} },
      ),
    );
    expect(message).to.equal(
      'test:index:Thing "first": the local AWS has no handler for the resource type test:index:Thing',
    );
  });

  it("refuses properties that the handler did not read, however deep", async () => {
    const reads: Resources = {
      "test:index:Thing": async (inputs: Inputs & { rules: { id: string }[] }) => ({
        id: `${inputs.name}${inputs.rules[0]?.id}`,
      }),
    };
    const message = await failure(
      apply(
        () => {
          new Thing("first", { name: "a", rules: [{ id: "x", days: 3 }], fast: true });
          return {};
        },
        { resources: reads },
      ),
    );
    expect(message).to.equal(
      'test:index:Thing "first": the handler of test:index:Thing does not support fast, rules.0.days',
    );
  });

  it("refuses a text that was made of an output without a value", async () => {
    const message = await failure(
      apply(() => {
        const first = new Thing("first", { name: "a" });
        new Thing("second", { name: pulumi.interpolate`arn:aws:${first.missing}:x` });
        return {};
      }),
    );
    expect(message).to.include('second.name contains "undefined"');
  });

  it("names the resource that could not be made", async () => {
    const fails: Resources = {
      "test:index:Thing": async () => {
        throw new Error("no such bucket");
      },
    };
    const message = await failure(
      apply(
        () => {
          new Thing("first", { name: "a" });
          return {};
        },
        { resources: fails },
      ),
    );
    expect(message).to.equal('test:index:Thing "first": no such bucket');
  });

  it("fails when a resource is registered twice", async () => {
    const message = await failure(
      apply(() => {
        new Thing("same", { name: "a" });
        new Thing("same", { name: "b" });
        return {};
      }),
    );
    expect(message).to.include("is registered twice");
  });

  it("fails when an apply throws, even if nothing depends on it", async () => {
    const message = await failure(
      apply(() => {
        new Thing("first", { name: "a" }).arn.apply(() => {
          throw new Error("thrown in apply");
        });
        return {};
      }),
    );
    expect(message).to.include("thrown in apply");
  });

  it("fails when the program throws", async () => {
    const message = await failure(
      apply(() => {
        throw new Error("thrown in the program");
      }),
    );
    expect(message).to.include("thrown in the program");
  });

  it("stops waiting for a program that does not settle", async () => {
    let release: (created: Created) => void = () => {};
    const never: Resources = {
      "test:index:Thing": (inputs: Inputs) => {
        expect(inputs.name).to.equal("a");
        return new Promise<Created>((resolve) => {
          release = resolve;
        });
      },
    };
    const message = await failure(
      apply(
        () => {
          new Thing("first", { name: "a" });
          return {};
        },
        { resources: never, timeout: 200 },
      ),
    );
    expect(message).to.equal("the program did not settle in 0.2 s");
    // What Pulumi still waits for when the process ends would fail the whole suite.
    release({ id: "a" });
    await pulumi.runtime.disconnect();
  });
});
