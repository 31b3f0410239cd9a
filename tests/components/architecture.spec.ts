/** The picture at the top of the README is drawn by hand; this says which of its boxes the program does not declare. */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { silverPrefix } from "../../config/tables.ts";
import { runPipeline } from "./pipelineRun.ts";
import { physicalName } from "./stackDocuments.ts";

/** Types that are boxes, as the picture calls them. */
const kinds: Readonly<Record<string, string>> = {
  "aws-native:s3:Bucket": "S3 bucket",
  "aws-native:sqs:Queue": "SQS queue",
  "aws:lambda/function:Function": "Lambda",
  "aws-native:glue:Job": "Glue job",
  "aws:glue/catalogTable:CatalogTable": "Glue table",
  "aws:cloudwatch/eventRule:EventRule": "EventBridge rule",
  "aws:sns/topic:Topic": "SNS topic",
};

describe("the architecture's picture", () => {
  it("has a box for each bucket, queue, function, job, output's table, rule and topic, and no other", async () => {
    const run = await runPipeline({ stack: "prod" });
    const declared = run.resources
      // Silver's bucket stands for its tables, of which there is one for each dataset.
      .filter(({ inputs }) => !String(inputs.name).startsWith(silverPrefix))
      .flatMap((resource) => {
        const kind = kinds[resource.type];
        return kind ? [`${kind} ${physicalName(resource).replace(/^commerce-prod-|-\d{12}$/g, "")}`] : [];
      });
    const picture = readFileSync("docs/architecture.svg", "utf8");
    const drawn = [...picture.matchAll(/class="name"[^>]*>([^<]+)<.*?class="kind"[^>]*>([^<]+)</g)];
    expect(drawn.map(([, name, kind]) => `${kind} ${name}`).sort()).to.deep.equal(declared.sort());
  });
});
