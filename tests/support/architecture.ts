import { account, type ProgramRun, type Registered, region } from "./pulumiMocks.ts";

/**
 * The picture of a stack. Boxes and arrows come from what the program registers: notifications, mappings, rules, redrive
 * policies, and the roles' own permissions. Only where they are drawn, and the words beside them, is written here; a box
 * or an arrow without a place, or a place without one, is an error.
 */

interface Point {
  readonly x: number;
  readonly y: number;
}

const box = { width: 132, height: 62 };
const kinds: Readonly<Record<string, string>> = {
  "aws-native:s3:Bucket": "S3 bucket",
  "aws-native:sqs:Queue": "SQS queue",
  "aws:lambda/function:Function": "Lambda",
  "aws-native:glue:Job": "Glue job",
  "aws:glue/catalogTable:CatalogTable": "Glue table",
  "aws:cloudwatch/eventRule:EventRule": "EventBridge rule",
  "aws:sns/topic:Topic": "SNS topic",
};

const columns = [24, 158, 328, 498, 668, 838, 1008] as const;
const rows = [112, 232, 392, 506, 640] as const;
const at = (column: number, row: number): Point => ({ x: columns[column]!, y: rows[row]! });

/** Kind and name of each box to its place. */
const places: Readonly<Record<string, Point>> = {
  "S3 bucket bronze": at(1, 0),
  "SQS queue promote": at(2, 0),
  "Lambda promote": at(3, 0),
  "S3 bucket silver": at(4, 0),
  "Glue job refine": at(5, 0),
  "S3 bucket gold": at(6, 0),
  "SQS queue promote-dlq": at(2, 1),
  "S3 bucket rejected": at(4, 1),
  "Glue table user_activity": at(6, 1),
  "S3 bucket artifacts": at(4, 2),
  "EventBridge rule job-ended": at(5, 2),
  "S3 bucket ledger": at(3, 3),
  "Lambda settle": at(5, 3),
  "EventBridge rule sweep": at(6, 3),
  "SQS queue settle-dlq": at(5, 4),
  "SNS topic alerts": at(2, 3),
};

/** Each arrow's step in the legend, its way, and where the step's number stands. */
interface Route {
  readonly step: number;
  readonly way: readonly (readonly [number, number])[];
  readonly mark: readonly [number, number];
}

const across = (column: number, row: number, step: number): Route => {
  const y = rows[row]! + box.height / 2;
  const [from, to] = [columns[column]! + box.width, columns[column + 1]!];
  return {
    step,
    way: [
      [from, y],
      [to, y],
    ],
    mark: [(from + to) / 2, y - 17],
  };
};

const routes: Readonly<Record<string, Route>> = {
  "S3 bucket bronze > SQS queue promote": across(1, 0, 1),
  "SQS queue promote > Lambda promote": across(2, 0, 2),
  "S3 bucket bronze > Lambda promote": {
    step: 2,
    way: [
      [224, 112],
      [224, 88],
      [528, 88],
      [528, 112],
    ],
    mark: [376, 88],
  },
  "Lambda promote > SQS queue promote": {
    step: 3,
    way: [
      [498, 161],
      [460, 161],
    ],
    mark: [479, 178],
  },
  "SQS queue promote > SQS queue promote-dlq": {
    step: 4,
    way: [
      [394, 174],
      [394, 232],
    ],
    mark: [412, 203],
  },
  "Lambda promote > S3 bucket silver": across(3, 0, 5),
  "Lambda promote > S3 bucket rejected": {
    step: 6,
    way: [
      [604, 174],
      [604, 263],
      [668, 263],
    ],
    mark: [636, 246],
  },
  "Lambda promote <> S3 bucket ledger": {
    step: 7,
    way: [
      [540, 174],
      [540, 506],
    ],
    mark: [558, 306],
  },
  "Lambda promote > Glue job refine": {
    step: 8,
    way: [
      [564, 112],
      [564, 88],
      [904, 88],
      [904, 112],
    ],
    mark: [734, 88],
  },
  "Lambda settle > Glue job refine": {
    step: 8,
    way: [
      [970, 522],
      [979, 522],
      [979, 160],
      [970, 160],
    ],
    mark: [979, 338],
  },
  "S3 bucket silver > Glue job refine": across(4, 0, 9),
  "S3 bucket artifacts > Glue job refine": {
    step: 9,
    way: [
      [734, 392],
      [734, 366],
      [899, 366],
      [899, 174],
    ],
    mark: [816, 366],
  },
  "S3 bucket artifacts > Lambda promote": {
    step: 9,
    way: [
      [668, 410],
      [620, 410],
      [620, 174],
    ],
    mark: [620, 380],
  },
  "S3 bucket artifacts > Lambda settle": {
    step: 9,
    way: [
      [770, 454],
      [770, 522],
      [838, 522],
    ],
    mark: [770, 500],
  },
  "Glue job refine <> S3 bucket ledger": {
    step: 10,
    way: [
      [872, 174],
      [872, 332],
      [596, 332],
      [596, 506],
    ],
    mark: [734, 332],
  },
  "Glue job refine > S3 bucket gold": across(5, 0, 11),
  "Glue job refine > S3 bucket rejected": {
    step: 11,
    way: [
      [850, 174],
      [850, 263],
      [800, 263],
    ],
    mark: [827, 246],
  },
  "Glue job refine > EventBridge rule job-ended": {
    step: 12,
    way: [
      [936, 174],
      [936, 392],
    ],
    mark: [936, 300],
  },
  "EventBridge rule job-ended > Lambda settle": {
    step: 12,
    way: [
      [904, 454],
      [904, 506],
    ],
    mark: [922, 480],
  },
  "EventBridge rule sweep > Lambda settle": {
    step: 12,
    way: [
      [1008, 548],
      [970, 548],
    ],
    mark: [989, 565],
  },
  "Lambda settle <> S3 bucket ledger": {
    step: 13,
    way: [
      [838, 537],
      [630, 537],
    ],
    mark: [734, 537],
  },
  "Lambda settle > Glue table user_activity": {
    step: 14,
    way: [
      [970, 534],
      [992, 534],
      [992, 263],
      [1008, 263],
    ],
    mark: [992, 420],
  },
  "S3 bucket gold > Glue table user_activity": {
    step: 15,
    way: [
      [1074, 174],
      [1074, 232],
    ],
    mark: [1092, 203],
  },
  "Lambda settle > SQS queue settle-dlq": {
    step: 16,
    way: [
      [886, 568],
      [886, 640],
    ],
    mark: [868, 604],
  },
  "S3 bucket bronze > Lambda settle": {
    step: 17,
    way: [
      [224, 174],
      [224, 614],
      [850, 614],
      [850, 568],
    ],
    mark: [224, 400],
  },
  "Lambda settle > SQS queue promote": {
    step: 17,
    way: [
      [838, 556],
      [819, 556],
      [819, 590],
      [309, 590],
      [309, 161],
      [328, 161],
    ],
    mark: [309, 400],
  },
  "SQS queue promote-dlq > Lambda settle": {
    step: 18,
    way: [
      [394, 294],
      [394, 480],
      [860, 480],
      [860, 506],
    ],
    mark: [394, 400],
  },
  "SQS queue settle-dlq > Lambda settle": {
    step: 18,
    way: [
      [914, 640],
      [914, 568],
    ],
    mark: [932, 604],
  },
};

interface Node {
  readonly kind: string;
  readonly name: string;
  readonly arn: string;
  readonly watched: boolean;
}

const label = ({ kind, name }: Node) => `${kind} ${name}`;
const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;

function arnOf({ type, inputs }: Registered): string {
  switch (kinds[type]) {
    case "S3 bucket":
      return `arn:aws:s3:::${inputs.bucketName}`;
    case "SQS queue":
      return arn("sqs", inputs.queueName);
    case "Lambda":
      return arn("lambda", `function:${inputs.name}`);
    case "Glue job":
      return arn("glue", `job/${inputs.name}`);
    case "Glue table":
      return arn("glue", `table/${inputs.databaseName}/${inputs.name}`);
    case "EventBridge rule":
      return arn("events", `rule/${inputs.name}`);
    default:
      return arn("sns", inputs.name);
  }
}

function nodesOf(run: ProgramRun, prefix: string): readonly Node[] {
  const watched = new Set(
    run
      .all("aws:cloudwatch/metricAlarm:MetricAlarm")
      .map(({ inputs }) => `${inputs.namespace} ${Object.values(inputs.dimensions)[0]}`),
  );
  const spaces: Readonly<Record<string, string>> = { "SQS queue": "AWS/SQS", Lambda: "AWS/Lambda" };
  return run.resources
    .filter(({ type }) => type in kinds)
    .map((resource) => {
      const kind = kinds[resource.type]!;
      const physical: string = resource.inputs.bucketName ?? resource.inputs.queueName ?? resource.inputs.name;
      return {
        kind,
        name: physical.replace(`${prefix}-`, "").replace(`-${account}`, ""),
        arn: arnOf(resource),
        watched: watched.has(`${spaces[kind]} ${physical}`),
      };
    });
}

/** Every flow of files, events and orders, as `from > to`, or `from <> to` when it goes both ways. */
function flowsOf(run: ProgramRun, nodes: readonly Node[]): ReadonlySet<string> {
  const flows = new Set<string>();
  const covers = (pattern: string, node: string) => pattern.endsWith("/*") && node.startsWith(pattern.slice(0, -1));
  const find = (text: string) =>
    nodes.find((node) => text === node.arn || text.startsWith(`${node.arn}/`) || covers(text, node.arn));
  const add = (from: string | undefined, to: string | undefined) => {
    const ends = [from && find(from), to && find(to)];
    if (ends[0] && ends[1]) flows.add(`${label(ends[0])} > ${label(ends[1])}`);
  };

  for (const { type, inputs } of run.resources) {
    const own = type in kinds ? arnOf({ type, inputs } as Registered) : undefined;
    for (const { queue } of inputs?.notificationConfiguration?.queueConfigurations ?? []) add(own, queue);
    add(own, inputs?.redrivePolicy?.deadLetterTargetArn);
    if (type.endsWith(":EventSourceMapping")) add(inputs.eventSourceArn, inputs.functionName);
    if (type.endsWith(":EventTarget")) add(arn("events", `rule/${inputs.rule}`), inputs.arn);
    if (type.endsWith(":FunctionEventInvokeConfig"))
      add(arn("lambda", `function:${inputs.functionName}`), inputs.destinationConfig.onFailure.destination);
    for (const job of inputs?.eventPattern ? JSON.parse(inputs.eventPattern).detail.jobName : [])
      add(arn("glue", `job/${job}`), own);
    const table = /^s3:\/\/([^/]+)\//.exec(inputs?.storageDescriptor?.location ?? "");
    if (table) add(`arn:aws:s3:::${table[1]}`, own);
  }
  for (const { inputs } of run.all("aws:iam/rolePolicy:RolePolicy")) {
    const owner = run.resources.find(({ inputs: own }) => own?.role?.endsWith?.(`role/${inputs.role}`))!;
    addPermissions(JSON.parse(inputs.policy).Statement, arnOf(owner), add);
  }
  return merged(flows);
}

/**
 * What a role may do with objects, messages, runs and partitions. A statement that writes also reads what it wrote. Who
 * may ask for a queue's attributes is fed by a mapping, which is an arrow already.
 */
function addPermissions(
  statements: readonly { Action: string[]; Resource: string[] }[],
  owner: string,
  add: (from: string, to: string) => void,
): void {
  for (const { Action, Resource } of statements)
    for (const resource of Resource) {
      const can = (...actions: string[]) => actions.some((action) => Action.includes(action));
      if (can("s3:PutObject", "sqs:SendMessage", "glue:StartJobRun", "glue:UpdatePartition")) add(owner, resource);
      else if (can("sqs:ReceiveMessage") && !can("sqs:GetQueueAttributes")) add(resource, owner);
      else if (can("s3:ListBucketVersions")) add(resource, owner);
      else if (can("s3:GetObject", "s3:GetObjectVersion") && resource.endsWith("*")) add(resource, owner);
    }
}

/** Two flows that go forth and back are one arrow. What a function reads from its trigger's bucket is no arrow more. */
function merged(flows: ReadonlySet<string>): ReadonlySet<string> {
  const result = new Set<string>();
  for (const flow of flows) {
    const [from, to] = flow.split(" > ") as [string, string];
    if (!flows.has(`${to} > ${from}`)) result.add(flow);
    else if (`${from} <> ${to}` in routes) result.add(`${from} <> ${to}`);
    else if (!(`${to} <> ${from}` in routes)) result.add(flow);
  }
  return result;
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const layerOf: Readonly<Record<string, string>> = { bronze: "bronze", silver: "silver", gold: "gold" };

function drawNode(node: Node): string {
  const { x, y } = places[label(node)]!;
  const layer = layerOf[node.name] ?? (node.name === "user_activity" ? "gold" : "");
  return [
    `<g class="node ${layer}">`,
    `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="8"/>`,
    `<text class="name" x="${x + box.width / 2}" y="${y + 28}">${escaped(node.name)}</text>`,
    `<text class="kind" x="${x + box.width / 2}" y="${y + 49}">${escaped(node.kind)}</text>`,
    node.watched ? `<circle class="alarm" cx="${x + box.width - 2}" cy="${y + 2}" r="7"/>` : "",
    "</g>",
  ].join("");
}

function drawFlow(flow: string): { line: string; mark: string } {
  const { step, way, mark } = routes[flow]!;
  const both = flow.includes(" <> ");
  const points = way.map(([x, y]) => `${x},${y}`).join(" ");
  return {
    line: `<polyline points="${points}" marker-end="url(#head)"${both ? ' marker-start="url(#tail)"' : ""}/>`,
    mark: `<g class="step"><circle cx="${mark[0]}" cy="${mark[1]}" r="11"/><text x="${mark[0]}" y="${mark[1] + 5}">${step}</text></g>`,
  };
}

const zone = (layer: string, title: string, x: number, y: number, width: number, height: number, baseline = y + 27) =>
  `<g class="zone ${layer}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="14"/>` +
  `<text x="${x + 16}" y="${baseline}">${title}</text></g>`;

const outside = (text: readonly string[], x: number, y: number) =>
  text.map((line, index) => `<text class="outside" x="${x}" y="${y + index * 20}">${line}</text>`).join("");

interface Palette {
  readonly back: string;
  readonly ink: string;
  readonly soft: string;
  readonly box: string;
  readonly edge: string;
  readonly zone: string;
  readonly alarm: string;
  /** Line and ground of each layer. */
  readonly layers: Readonly<Record<"bronze" | "silver" | "gold", readonly [line: string, ground: string]>>;
}

const light: Palette = {
  back: "#ffffff",
  ink: "#1f2328",
  soft: "#57606a",
  box: "#ffffff",
  edge: "#8c959f",
  zone: "#f3f5f8",
  alarm: "#cf222e",
  layers: { bronze: ["#b2622a", "#fbeee3"], silver: ["#64748b", "#e9eef3"], gold: ["#a87900", "#fdf3cf"] },
};
const dark: Palette = {
  back: "#0d1117",
  ink: "#e6edf3",
  soft: "#9da7b1",
  box: "#161b22",
  edge: "#6e7681",
  zone: "#141a21",
  alarm: "#ff7b72",
  layers: { bronze: ["#e09a62", "#2a1d12"], silver: ["#a9b8c9", "#1c242e"], gold: ["#e3b341", "#2a2410"] },
};

/** Plain colours and no variables, which not every viewer of SVG knows. */
const coloursOf = ({ back, ink, soft, box: inside, edge, zone: ground, alarm, layers }: Palette): string[] => [
  `text { fill: ${ink}; }`,
  `.back, .step text { fill: ${back}; }`,
  `.step circle { fill: ${ink}; }`,
  `.kind, .outside, .zone text { fill: ${soft}; }`,
  `.zone rect { fill: ${ground}; }`,
  `.node rect { fill: ${inside}; stroke: ${edge}; }`,
  ...Object.entries(layers).flatMap(([layer, [line, tint]]) => [
    `.zone.${layer} rect { fill: ${tint}; }`,
    `.zone.${layer} text { fill: ${line}; }`,
    `.node.${layer} rect { stroke: ${line}; }`,
  ]),
  `.alarm { fill: ${alarm}; stroke: ${back}; }`,
  `.flows polyline { stroke: ${soft}; }`,
  `marker path { fill: ${soft}; }`,
];

/** At a README's width the picture is three quarters as large, and its smallest text still 11 pixels. */
const shapes = [
  'text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 16px; }',
  ".zone text { font-size: 19px; font-weight: 700; }",
  ".node rect { stroke-width: 1.5; }",
  ".node.bronze rect, .node.silver rect, .node.gold rect { stroke-width: 2.5; }",
  ".name, .kind, .outside, .step text { text-anchor: middle; }",
  ".name { font-size: 17px; font-weight: 600; }",
  ".kind { font-size: 15px; }",
  ".alarm { stroke-width: 2; }",
  ".flows polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }",
  ".step text { font-size: 14px; font-weight: 700; }",
];

const style = [
  ...shapes,
  ...coloursOf(light),
  "@media (prefers-color-scheme: dark) {",
  ...coloursOf(dark).map((rule) => `  ${rule}`),
  "}",
].join("\n");

/** A schedule of so many minutes, in its largest whole unit. */
function every(scheduleExpression: string): string {
  const minutes = Number(/^rate\((\d+) minutes?\)$/.exec(scheduleExpression)![1]);
  const [length, unit] = (
    [
      [1440, "day"],
      [60, "hour"],
      [1, "minute"],
    ] as const
  ).find(([length]) => minutes % length === 0)!;
  const count = minutes / length;
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

export function architectureOf(run: ProgramRun, prefix: string): string {
  const nodes = nodesOf(run, prefix);
  const flows = [...flowsOf(run, nodes)].sort();
  const same = (what: string, found: readonly string[], placed: readonly string[]) => {
    const missing = found.filter((entry) => !placed.includes(entry));
    const stale = placed.filter((entry) => !found.includes(entry));
    if (missing.length + stale.length > 0)
      throw new Error(
        `${what} without a place: ${missing.join("; ") || "none"}; places without one: ${stale.join("; ") || "none"}`,
      );
  };
  same("boxes", nodes.map(label), Object.keys(places));
  same("arrows", flows, Object.keys(routes));

  const { maxReceiveCount } = run.only("aws-native:sqs:Queue", "commerce-promote-queue").inputs.redrivePolicy;
  const scheduled = (role: string) =>
    every(run.only("aws:cloudwatch/eventRule:EventRule", `commerce-settle-${role}`).inputs.scheduleExpression);
  const legend = [
    "S3 tells of every upload",
    "one file a call, which reads that version",
    "a large copy's rest goes round again",
    `after ${maxReceiveCount} tries a file waits for a person`,
    "a good file, never overwritten",
    "a bad file, with the reason",
    "each file's fate; one claim a batch",
    "the batch is complete: one run starts",
    "the pinned files; what a release pins",
    "the manifest in, the run report out",
    "Parquet in a folder of its own; bad rows",
    `the run has ended; also ${scheduled("sweep")}`,
    "the report is checked, the run published",
    "the batch's partition points at the run",
    "readers see the published run only",
    "an event that could not be settled",
    "now and then: uploads no event told of",
    "dead letters, on an operator's redrive",
  ];
  const drawn = flows.map(drawFlow);
  const rowsOfLegend = legend.length / 3;
  const legendTop = 758;
  const height = legendTop + rowsOfLegend * 30 + 46;
  const entries = legend.map((text, index) => {
    const x = 36 + Math.floor(index / rowsOfLegend) * 382;
    const y = legendTop + (index % rowsOfLegend) * 30;
    return `<g class="step"><circle cx="${x}" cy="${y - 5}" r="11"/><text x="${x}" y="${y}">${index + 1}</text></g><text x="${x + 20}" y="${y + 1}">${escaped(text)}</text>`;
  });
  const marker = (id: string, orient: string) =>
    `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="${orient}"><path d="M0,0 L10,5 L0,10 z"/></marker>`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1164 ${height}" role="img" aria-labelledby="title">`,
    '<title id="title">How a file becomes a published result: bronze, silver, gold, and the ledger that decides</title>',
    `<!-- Made from the program's own resources by tests/components/architecture.spec.ts -->`,
    `<style>\n${style}\n</style>`,
    `<defs>${marker("head", "auto")}${marker("tail", "auto-start-reverse")}</defs>`,
    `<rect class="back" width="1164" height="${height}" rx="16"/>`,
    zone("bronze", "Bronze", 142, 40, 334, 270),
    zone("silver", "Silver", 652, 40, 164, 270),
    zone("gold", "Gold", 998, 40, 152, 270),
    zone("", "Ledger and control", 142, 345, 1008, 373, 700),
    `<g class="flows">\n${drawn.map(({ line }) => line).join("\n")}\n<polyline points="112,143 158,143" marker-end="url(#head)"/>\n<polyline points="1074,294 1074,319" marker-end="url(#head)"/>\n</g>`,
    ...nodes.map(drawNode),
    ...drawn.map(({ mark }) => mark),
    outside(["producer", "*.json"], 66, 139),
    outside(["reader"], 1074, 335),
    `<g class="legend">\n${entries.join("\n")}\n<circle class="alarm" cx="36" cy="${height - 25}" r="7"/><text x="56" y="${height - 19}">watched by an alarm, which tells the topic · everything is encrypted with the stack's own key, and no bucket is public</text>\n</g>`,
    "</svg>",
  ].join("\n")}\n`;
}
