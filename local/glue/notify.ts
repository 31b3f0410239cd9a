import { randomUUID } from "node:crypto";
import { ListRulesCommand, ListTargetsByRuleCommand, TestEventPatternCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { Clients } from "../clients.ts";
import { accountId, region } from "../localAws.ts";
import type { Run } from "./store.ts";

const severities: Readonly<Record<string, string>> = { SUCCEEDED: "INFO", STOPPED: "INFO", TIMEOUT: "WARN" };

function stateChange(run: Run) {
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": "Glue Job State Change",
    source: "aws.glue",
    account: accountId,
    time: new Date((run.completedOn ?? run.lastModifiedOn) * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
    region,
    resources: [],
    detail: {
      jobName: run.job,
      severity: severities[run.state] ?? "ERROR",
      state: run.state,
      jobRunId: run.id,
      message: run.errorMessage ?? `Job run is ${run.state}`,
    },
  };
}

/**
 * Sends "Glue Job State Change" to the targets of the matching rules in the local EventBridge. PutEvents refuses events
 * with a source of AWS itself, so this function reads the rules and invokes their targets.
 */
export async function notifyStateChange({ events, lambda }: Clients, run: Run): Promise<void> {
  const event = JSON.stringify(stateChange(run));
  const { Rules = [] } = await events.send(new ListRulesCommand({}));
  for (const { Name, EventPattern, State } of Rules) {
    if (!EventPattern || State !== "ENABLED") continue;
    const { Result } = await events.send(new TestEventPatternCommand({ EventPattern, Event: event }));
    if (!Result) continue;
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: Name }));
    for (const target of Targets) {
      if (!target.Arn?.includes(":function:") || target.InputPath || target.InputTransformer)
        throw new Error(`target ${target.Id} of rule ${Name} can't be reached locally`);
      await lambda.send(
        new InvokeCommand({
          FunctionName: target.Arn,
          InvocationType: "Event",
          Payload: Buffer.from(target.Input ?? event),
        }),
      );
    }
  }
}
