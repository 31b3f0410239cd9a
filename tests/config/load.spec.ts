import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { catalogType, parseColumnType } from "../../config/columnType.ts";
import { contractOf } from "../../config/contract.ts";
import { ConfigError, loadConfig } from "../../config/load.ts";
import { nullActionNames, nullActions } from "../../config/nullActions.ts";

const shipped = "config/pipeline_config.yaml";

describe("configuration", () => {
  /** The shipped file with one text replaced, written beside an SQL file of its own. */
  const edited = (from: string | RegExp, to: string): string => {
    const folder = mkdtempSync(join(tmpdir(), "config-"));
    const text = readFileSync(shipped, "utf8").replace("../glue/sql/user_activity.sql", "user_activity.sql");
    const changed = text.replace(from, to);
    expect(changed, "the edit changed nothing").to.not.equal(text);
    writeFileSync(join(folder, "user_activity.sql"), "select 1");
    writeFileSync(join(folder, "pipeline.yaml"), changed);
    return join(folder, "pipeline.yaml");
  };
  const problem = (path: string, environment = "dev"): string => {
    try {
      loadConfig(path, environment);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as Error).message;
    }
    throw new Error("the config was accepted");
  };

  it("reads durations as seconds and retention as days", () => {
    const { config } = loadConfig(shipped, "prod");
    expect(config.batching).to.deep.include({ maxSpread: 21_600, deadline: 93_600 });
    expect(config.retention).to.deep.include({ bronze: 90, bronzeVersions: 7, logs: 365 });
    expect(config.lambda.settle.schedule).to.equal(300);
  });

  it("lays the environment over the defaults, key by key", () => {
    const dev = loadConfig(shipped, "dev").config;
    const prod = loadConfig(shipped, "prod").config;
    expect([dev.glue.workers, prod.glue.workers]).to.deep.equal([2, 10]);
    expect([dev.glue.attempts, prod.glue.attempts]).to.deep.equal([3, 3]);
    expect([dev.removal, prod.removal]).to.deep.equal([
      { data: "destroy", protect: false },
      { data: "retain", protect: true },
    ]);
  });

  it("gives a value that nobody can change", () => {
    const { config } = loadConfig(shipped, "dev");
    expect(() => {
      (config.glue as { workers: number }).workers = 99;
    }).to.throw(TypeError);
    expect(Object.isFrozen(config.datasets.users!.columns)).to.equal(true);
  });

  it("resolves SQL against the file's own folder", () => {
    expect(loadConfig(edited("team: data-platform", "team: other"), "dev").sqlFiles.user_activity).to.match(
      /config-\w+\/user_activity\.sql$/,
    );
  });

  it("knows where a part of a text is, however YAML wraps it", () => {
    const path = ["outputs", "user_activity", "balances", "users", "input"];
    const query = "select count(*) from users";
    for (const [written, place] of [
      ["select count(*)  from users", "1:8"],
      ["  select count(*)\n          from users # all", "1:10"],
      [">- # folded\n          select\n            count(*) from users", "3:13"],
      ["|\n          select count(*)\n          from users", "2:18"],
      ["'select count(*) from users'", "1:9"],
      ['"select\\u0020count(*) from users"', "1:1"],
    ] as const) {
      const file = edited(/select count\(\*\) from users$/m, written);
      const { config, placeOf } = loadConfig(file, "dev");
      expect(config.outputs.user_activity!.balances!.users!.input.replace(/\s+/g, " ").trim()).to.equal(query);
      const [line, column] = placeOf(path, "select c").split(":").slice(-2).map(Number);
      const text = readFileSync(file, "utf8").split("\n");
      const first = text.findIndex((each) => each.includes("input: ")) + 1;
      const start = line === first ? text[line! - 1]!.indexOf("input: ") + "input: ".length : 0;
      expect(`${line! - first + 1}:${column! - start}`, written).to.equal(place);
    }
  });

  it("makes the contract with Hive's types and the null rules", () => {
    const contract = contractOf(loadConfig(shipped, "dev").config);
    const plain = { onNull: "keep", rules: [] };
    expect(contract.datasets.orders).to.deep.equal({
      required: true,
      file: "orders",
      formats: ["json", "json.gz"],
      columns: [
        { name: "order_id", type: "string", onNull: "reject", rules: [] },
        { name: "user_id", type: "string", onNull: "reject", rules: [] },
        { name: "product_id", type: "string", ...plain },
        {
          name: "order_amount",
          type: "decimal(12,2)",
          onNull: { default: "0" },
          rules: [{ range: { min: "0", max: "100000" }, onViolation: "warn" }],
        },
        { name: "currency", type: "string", onNull: "keep", rules: [{ pattern: "[A-Z]{3}", onViolation: "warn" }] },
        { name: "order_timestamp", type: "timestamp", ...plain },
        {
          name: "payment_status",
          type: "string",
          onNull: "keep",
          rules: [{ allowed: ["success", "failed", "in_progress"], onViolation: "warn" }],
        },
      ],
      primaryKey: ["order_id"],
      latestBy: "order_timestamp",
      references: [{ column: "user_id", dataset: "users", orphans: "keep" }],
      maxRejected: 5,
    });
    expect(contract.outputs.user_activity).to.deep.include({ grain: ["user_id"], clusterBy: ["user_id"] });
    expect(contract.outputs.user_activity!.balances.map(({ name }) => name)).to.deep.equal([
      "users",
      "events",
      "orders",
      "revenue",
    ]);
    expect(contract.outputs.user_activity!.balances[1]!.input).to.equal("select count(*) from events");
    expect(contract.outputs.user_activity!.columns[5]).to.deep.equal({ name: "total_events", type: "bigint" });
  });

  it("has a mode of schema evolution for each environment", () => {
    const mode = (environment: string) => contractOf(loadConfig(shipped, environment).config).schemaEvolution;
    expect([mode("dev"), mode("prod")]).to.deep.equal(["additive", "ignore-unknown"]);
  });

  it("reads a share as per cent", () => {
    for (const [text, percent] of [
      ["0%", 0],
      ["0.125%", 0.125],
      ["100%", 100],
    ] as const) {
      const { config } = loadConfig(edited("maxRejected: 5% #", `maxRejected: ${text} #`), "dev");
      expect(config.datasets.users!.maxRejected).to.equal(percent);
    }
  });

  describe("refuses, naming file, line and column", () => {
    const cases: [string, string | RegExp, string, RegExp][] = [
      [
        "an unknown key",
        "  maxSpread:",
        "  maxSpred: 1h\n  maxSpread:",
        /pipeline\.yaml:7:3 batching\.maxSpred: unknown key "maxSpred" \(did you mean "maxSpread"\?\); allowed: keyPattern, maxSpread, deadline$/,
      ],
      ["a duplicate key", "name: commerce", "name: commerce\nname: other", /pipeline\.yaml:\d+:\d+ .*unique/i],
      ["broken YAML", "name: commerce", "name: [commerce", /pipeline\.yaml:\d+:\d+ /],
      ["a missing required setting", /^ {2}timeout: 30m\n/m, "", /glue\.timeout: /],
      ["a wrong duration", "maxSpread: 6h", "maxSpread: 6 hours", /:7:14 batching\.maxSpread: a duration is/],
      [
        "an unknown type",
        "signup_date: { type: timestamp",
        "signup_date: { type: datetime",
        /users\.columns\.signup_date\.type: "datetime" is not a column type; allowed: string/,
      ],
      [
        "a key that is no column",
        "primaryKey: [event_id]",
        "primaryKey: [evnt_id]",
        /events\.primaryKey\.0: "evnt_id" is not a column of events/,
      ],
      [
        "a key whose null is kept",
        "order_id: { type: string, onNull: reject }",
        "order_id: { type: string, onNull: keep }",
        new RegExp(
          `order_id\\.onNull: "order_id" is in the primary key, so its null rule must be ${nullActionNames.filter((name) => nullActions[name].refuses).join(" or ")}$`,
          "m",
        ),
      ],
      [
        "a value near an allowed one",
        "workerType: G.1X",
        "workerType: G1X",
        /glue\.workerType: must be one of G\.1X, .* \(did you mean "G\.1X"\?\)/,
      ],
      [
        "a text for a number",
        "workers: 2",
        'workers: "2"',
        /glue\.workers: must be a (whole )?number, not the text "2"/,
      ],
      ["a number out of range", "attempts: 3", "attempts: 0", /glue\.attempts: must be at least 1/],
      [
        "a duration out of range",
        "promote: { memory: 1769, timeout: 2m",
        "promote: { memory: 1769, timeout: 2h",
        /lambda\.promote\.timeout: must lie between 30s and 15m/,
      ],
      [
        "a wrong null rule",
        "country: { type: string, onNull: { default: unknown } }",
        "country: { type: string, onNull: drop }",
        new RegExp(`country\\.onNull: must be ${nullActionNames.join(", ")}, or \\{ default: `),
      ],
      [
        "a default of the wrong type",
        "onNull: { default: 0 }",
        "onNull: { default: none }",
        /order_amount\.onNull\.default: the default of a column of type decimal\(12,2\) must be a number/,
      ],
      [
        "columns equal but for case",
        "      country: { type",
        "      USER_ID: { type: string, onNull: keep }\n      country: { type",
        /users\.columns\.USER_ID: "USER_ID" and "user_id" differ only in case/,
      ],
      [
        "two datasets with one file",
        "file: events",
        "file: users",
        /datasets\.events\.file: users\.json is already the file of users/,
      ],
      [
        "a dataset's bad name",
        "  orders:\n    required",
        "  Orders!:\n    required",
        /:\d+:3 datasets\.Orders!: a name is lower case/,
      ],
      [
        "an output named like a dataset",
        "  user_activity:\n    sql",
        "  users:\n    sql",
        /outputs\.users: "users" is also a dataset/,
      ],
      [
        "an output named like a table of Silver's",
        "  user_activity:\n    sql",
        "  silver_users:\n    sql",
        /:\d+:3 outputs\.silver_users: tables whose name begins with "silver_" are Silver's; rename this output$/,
      ],
      ["no required dataset", /required: true/g, "required: false", /datasets: at least one dataset must be required/],
      [
        "an environment unfit for names",
        "  dev:\n",
        "  dev: {}\n  Dev_1:\n",
        /environments\.Dev_1: bucket names carry it/,
      ],
      [
        "a reference to no dataset",
        "dataset: users,",
        "dataset: user,",
        /:\d+:\d+ datasets\.events\.references\.user_id\.dataset: "user" is not a dataset \(did you mean "users"\?\)/,
      ],
      [
        "a reference whose column is of another type than the key",
        "user_id: { type: string, onNull: reject }\n      event_type",
        "user_id: { type: long, onNull: reject }\n      event_type",
        /:37:39 datasets\.events\.references\.user_id\.dataset: "user_id" is of type long and the primary key of users, "user_id", of type string; declare both alike$/m,
      ],
      [
        "a reference to a key of several columns",
        "primaryKey: [user_id]",
        "primaryKey: [user_id, signup_date]",
        /datasets\.events\.references\.user_id\.dataset: "users" has a primary key of several columns; one column can't refer to it$/m,
      ],
      [
        "a column of Silver's own",
        "      country: { type",
        "      _PART: { type: string, onNull: keep }\n      country: { type",
        /:\d+:7 datasets\.users\.columns\._PART: _part, _line and batch are Silver's own columns; leave "_PART" out, or have the field renamed$/,
      ],
      [
        "a column named like the partition",
        "      country: { type",
        "      batch: { type: string, onNull: keep }\n      country: { type",
        /:\d+:7 datasets\.users\.columns\.batch: .* Silver's own columns; leave "batch" out, or have the field renamed$/,
      ],
      [
        "a reference without a word on orphans",
        "{ dataset: users, orphans: keep }",
        "{ dataset: users }",
        /datasets\.events\.references\.user_id\.orphans: is missing; allowed: keep, reject, fail/,
      ],
      [
        "rejected orphans in a circle",
        "    columns:\n      user_id: { type: string, onNull: reject }",
        "    references: { country: { dataset: users, orphans: reject } }\n    columns:\n      user_id: { type: string, onNull: reject }",
        /datasets\.users\.references\.country\.orphans: rejecting orphans leads from users back to users; keep them/,
      ],
      [
        "a share without its sign",
        "maxRejected: 5% #",
        "maxRejected: 5 #",
        /:\d+:18 datasets\.users\.maxRejected: must be a text, not 5/,
      ],
      [
        "a share above all",
        "maxRejected: 5% #",
        "maxRejected: 101% #",
        /users\.maxRejected: a share is a number from 0/,
      ],
      [
        "a rule without a kind",
        '{ pattern: "[A-Z]{3}", onViolation: warn }',
        "{ onViolation: warn }",
        /orders\.columns\.currency\.rules\.0: must have exactly one of allowed, range, pattern/,
      ],
      [
        "a rule of two kinds",
        '{ pattern: "[A-Z]{3}", onViolation: warn }',
        '{ pattern: "[A-Z]{3}", allowed: [USD], onViolation: warn }',
        /currency\.rules\.0: must have exactly one of/,
      ],
      [
        "two rules of one kind",
        'rules: [{ pattern: "[A-Z]{3}", onViolation: warn }]',
        "rules: [{ allowed: [USD], onViolation: warn }, { allowed: [EUR], onViolation: reject }]",
        /currency\.rules\.1\.allowed: the column has a rule "allowed" already; put both into one/,
      ],
      [
        "a typo in a rule",
        '{ pattern: "[A-Z]{3}", onViolation: warn }',
        '{ patern: "[A-Z]{3}", onViolation: warn }',
        /currency\.rules\.0\.patern: unknown key "patern" \(did you mean "pattern"\?\); allowed: allowed, range, pattern, onViolation/,
      ],
      [
        "a pattern that is none",
        '{ pattern: "[A-Z]{3}", onViolation: warn }',
        '{ pattern: "([A-Z", onViolation: warn }',
        /currency\.rules\.0\.pattern: not a regular expression/,
      ],
      [
        "a pattern for a number",
        "{ range: { min: 0, max: 100000 }, onViolation: warn }",
        '{ pattern: "[0-9]+", onViolation: warn }',
        /order_amount\.rules\.0\.pattern: a column of type decimal\(12,2\) can't have a pattern; texts can/,
      ],
      [
        "a range for a text",
        '{ pattern: "[A-Z]{3}", onViolation: warn }',
        "{ range: { min: A }, onViolation: warn }",
        /currency\.rules\.0\.range: a column of type string can't have a range/,
      ],
      ["a range without bounds", "{ min: 0, max: 100000 }", "{}", /rules\.0\.range: must have a min, a max or both/],
      [
        "a range upside down",
        "{ min: 0, max: 100000 }",
        "{ min: 9, max: 1 }",
        /order_amount\.rules\.0\.range: min is greater than max/,
      ],
      [
        "a bound with more digits than the column",
        "min: 0, max",
        "min: 0.001, max",
        /rules\.0\.range\.min: the bound of a column of type decimal\(12,2\) must have at most 2 digits behind the point/,
      ],
      [
        "an allowed value of another type",
        "allowed: [success, failed,",
        "allowed: [success, 5,",
        /payment_status\.rules\.0\.allowed\.1: the allowed value of a column of type string must be a text/,
      ],
      [
        "an unknown mode of evolution",
        "schemaEvolution: additive",
        "schemaEvolution: lax",
        /schemaEvolution: must be one of strict, additive, ignore-unknown/,
      ],
      [
        "a dataset named like a table of orphans",
        "  orders:\n    required",
        "  events_orphans:\n    required",
        /datasets\.events_orphans: "events_orphans" is the table of the orphans of events/,
      ],
      [
        "rows clustered by what is no column",
        "clusterBy: [user_id]",
        "clusterBy: [usr_id]",
        /clusterBy\.0: "usr_id" is not a column of user_activity \(did you mean "user_id"\?\)/,
      ],
      [
        "a missing SQL file",
        "sql: user_activity.sql",
        "sql: nowhere.sql",
        /outputs\.user_activity\.sql: no such file: nowhere\.sql/,
      ],
      [
        "a missing file of DuckDB SQL",
        "sql: user_activity.sql",
        "sql: user_activity.sql\n    duckdb: nowhere.sql",
        /:\d+:13 outputs\.user_activity\.duckdb: no such file: nowhere\.sql/,
      ],
      [
        "DuckDB SQL in another kind of file",
        "sql: user_activity.sql",
        "sql: user_activity.sql\n    duckdb: user_activity.txt",
        /:\d+:13 outputs\.user_activity\.duckdb: a path to a \.sql file/,
      ],
      [
        "a grain that is no column",
        "grain: [user_id]",
        "grain: [user]",
        /grain\.0: "user" is not a column of user_activity/,
      ],
      [
        "a log retention that CloudWatch lacks",
        "logs: 7d",
        "logs: 8d",
        /retention\.logs: must be one of 1d, 3d, 5d, 7d/,
      ],
    ];
    for (const [title, from, to, message] of cases)
      it(title, () => {
        expect(problem(edited(from, to), title.startsWith("an environment unfit") ? "Dev_1" : "dev")).to.match(message);
      });

    it("no reference between two spellings of one type", () => {
      const text = edited(/user_id: \{ type: string, onNull: reject \}/, "user_id: { type: bigint, onNull: reject }");
      const long = readFileSync(text, "utf8").replaceAll("user_id: { type: string,", "user_id: { type: long,");
      writeFileSync(text, long);
      expect(loadConfig(text, "dev").config.datasets.users!.columns.user_id!.type).to.equal("bigint");
    });

    it("an override where the environment writes it", () => {
      expect(problem(edited("workers: 10", "workers: 1"), "prod")).to.match(
        /:1[89]\d:\d+ glue\.workers: must be at least 2/,
      );
    });

    it("problems of shape and between parts in one report, by line", () => {
      const path = edited(/primaryKey: \[event_id\]([\s\S]*)workers: 2/, "primaryKey: [evnt_id]$1workers: 1");
      expect(
        problem(path)
          .split("\n")
          .map((line) => line.replace(/^.*:\d+:\d+ /, "").split(":")[0]),
      ).to.deep.equal(["datasets.events.primaryKey.0", "glue.workers"]);
    });

    it("every problem at once, one a line", () => {
      const text = problem(edited(/maxSpread: 6h([\s\S]*)workers: 2/, "maxSpread: x$1workers: 1"));
      expect(text.split("\n")).to.have.length(2);
    });

    it("an environment that is not declared, with the list of those that are", () => {
      expect(problem(shipped, "staging")).to.equal(
        `"staging" is not an environment of ${shipped}; it declares: dev, prod`,
      );
    });

    it("a file that is not there", () => {
      expect(problem("config/nothing.yaml")).to.equal("config/nothing.yaml: no such file");
    });
  });
});

describe("column types", () => {
  for (const [text, hive] of [
    ["string", "string"],
    ["integer", "int"],
    ["long", "bigint"],
    ["bigint", "bigint"],
    ["decimal(12,2)", "decimal(12,2)"],
    ["array<long>", "array<bigint>"],
    ["struct<city:string, geo:struct<lat:double,lon:double>>", "struct<city:string,geo:struct<lat:double,lon:double>>"],
    ["array<struct<sku:string,n:integer>>", "array<struct<sku:string,n:int>>"],
  ] as const)
    it(`spells ${text} as ${hive}`, () => {
      expect(catalogType(parseColumnType(text))).to.equal(hive);
    });

  for (const text of [
    "",
    "text",
    "decimal",
    "decimal(39,2)",
    "decimal(2,3)",
    "array<>",
    "array<string",
    "struct<>",
    "struct<a>",
    "string string",
    `${"array<".repeat(20)}string${">".repeat(20)}`,
  ])
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      expect(() => parseColumnType(text)).to.throw("is not a column type; allowed: string, boolean");
    });
});
