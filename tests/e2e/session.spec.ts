import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { readRunning, removeRunning, stackDirectory, writeRunning } from "../../local/running.ts";
import { root } from "../../setup/paths.mjs";
import { commandsOf } from "../docs/console.ts";
import { type DeployedStack, deployStack, isPublished } from "./deployedStack.ts";

/**
 * docs/session.md, typed again: its commands are run in their order on a local stack, and print what
 * stands there but for times and ids. What happened before, which the page tells, is brought about here. With
 * UPDATE_GENERATED=1 the page gets what is printed instead.
 */

const file = join(root, "docs/session.md");
const page = readFileSync(file, "utf8");
const isUpdate = process.env.UPDATE_GENERATED === "1";
const batch = "2026-11-22";

/** The page with the commands as they were recorded, in their order. */
function withRecorded(markdown: string, recorded: readonly string[]): string {
  let next = 0;
  return markdown.replace(/```console\n([\s\S]*?)```/g, (_, block: string) => {
    const count = block.split(/^\$ /m).length - 1;
    const commands = recorded.slice(next, next + count);
    next += count;
    return `\`\`\`console\n${commands.join("\n")}\n\`\`\``;
  });
}

/** The files that the page shows, by their names below `~`. */
function shown(markdown: string): Map<string, string> {
  const files = markdown.matchAll(/<!-- file (\S+) -->\n```json\n([\s\S]*?)```/g);
  return new Map([...files].map(([, name, text]) => [name!, text!]));
}

/** What depends on when and where it ran. */
const normalised = (text: string): string =>
  text
    .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z/g, "<time>")
    .replace(/\bversion\s+[0-9a-f-]{36}/g, "version <version>")
    .replace(/\b\d\d:\d\d:\d\dZ/g, "<time>")
    .replace(/\b\d+(\.\d+)? (s|min|h)\b( \d+ (s|min)\b)?/g, "<duration>")
    .replace(/jr_[0-9a-f]{64}/g, "<job run>")
    // Where a line is broken depends on what the times are.
    .replace(/\s+/g, " ");

describe("the session in the docs", function () {
  this.timeout(600_000);
  let deployed: DeployedStack;
  let isOurs = false;
  const commands = commandsOf(page);
  /** What was printed, as the page shows it. */
  const recorded: string[] = [];

  before(async () => {
    deployed = await deployStack({ directory: stackDirectory, spark: { shortRuns: true } });
    for (const [name, text] of shown(page)) {
      mkdirSync(dirname(join(deployed.folder, name)), { recursive: true });
      writeFileSync(join(deployed.folder, name), text);
    }
    writeRunning(deployed.stack);
    isOurs = true;
    await lose("shop/events.json");
    await put("shop/users.json");
    await put("shop/orders.json");
    await deployed.until(batch, "two files are decided", ({ inputs }) => Object.keys(inputs).length === 2);
  });
  after(async () => {
    if (isUpdate && recorded.length === commands.length) writeFileSync(file, withRecorded(page, recorded));
    if (isOurs) removeRunning();
    await deployed?.stop();
  });

  const put = (name: string) =>
    deployed.upload(`${batch}/${name.split("/").at(-1)}`, readFileSync(join(deployed.folder, name), "utf8"));

  /** The file comes while promote fails, and its message ends among the dead letters. */
  async function lose(name: string): Promise<void> {
    const { clients, names } = deployed;
    const { EventSourceMappings } = await clients.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: names.promoteFunction }),
    );
    const { UUID } = EventSourceMappings![0]!;
    const QueueUrl = names.promoteQueueUrl;
    await clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    await put(name);
    const { Messages } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    const [message] = Messages!;
    await clients.sqs.send(
      new SendMessageCommand({ QueueUrl: names.promoteDeadLetterQueueUrl, MessageBody: message!.Body! }),
    );
    await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message!.ReceiptHandle! }));
    await clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
  }

  function run(line: string) {
    const [program, ...args] = line
      .match(/"[^"]*"|\S+/g)!
      .map((word) => word.replace(/^"|"$/g, "").replace("~", deployed.folder));
    const [, task, ...rest] = program === "npm" ? args : [];
    const called =
      program === "npm"
        ? [process.execPath, join(root, "scripts/run.mjs"), task!, ...rest.slice(1)]
        : [program!, ...args];
    // Not in this thread: the local Glue answers from it.
    return new Promise<{ code: number; printed: string; errors: string }>((resolve) => {
      execFile(called[0]!, called.slice(1), (error, printed, errors) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, printed: printed.trimEnd(), errors }),
      );
    });
  }

  it("has a stack of its own", () => {
    expect(readRunning()?.pid).to.equal(process.pid);
    expect(commands.map(({ line }) => line.split(" ")[0])).to.include("npm");
  });

  for (const { line, output: expected, code } of commands)
    it(`$ ${line}`, async () => {
      const result = await run(line);
      const printed = result.printed.replaceAll(deployed.folder, "~");
      if (!isUpdate) expect(normalised(printed), result.errors).to.equal(normalised(expected));
      expect(result.code, result.errors).to.equal(code);
      recorded.push([`$ ${line}`, printed, ...(code === 0 ? [] : [`exit code ${code}`])].join("\n"));
      // As long as a person takes to type the next one.
      if (line.includes(" redrive ")) await deployed.until(batch, "the run is published", isPublished(1));
      if (line.includes(" upload ") && code === 0)
        await deployed.until(batch, "every file is promoted", ({ inputs }) =>
          Object.values(inputs).every((one) => one.decision.outcome === "promoted"),
        );
    });
});
