import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigError, loadConfig } from "../../config/load.ts";
import { checkSql } from "../../config/sql.ts";

/** What a parser can tell of SQL before anything is deployed; that Spark runs it is proven by the engine's tests. */
describe("SQL of the outputs", () => {
  const loaded = loadConfig("config/pipeline_config.yaml", "dev");
  const shipped = readFileSync(loaded.sqlFiles.user_activity!, "utf8");

  const problem = async (text: string): Promise<string> => {
    const file = join(mkdtempSync(join(tmpdir(), "sql-")), "user_activity.sql");
    writeFileSync(file, text);
    try {
      await checkSql({ ...loaded, sqlFiles: { user_activity: file } });
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as Error).message.replace(/^.*?user_activity\.sql:/, "");
    }
    return "";
  };
  const edited = (from: string, to: string) => {
    expect(shipped).to.contain(from);
    return problem(shipped.replace(from, to));
  };

  it("is accepted as it is shipped", async () => {
    expect(await problem(shipped)).to.equal("");
  });

  it("reads declared tables only", async () => {
    expect(await edited("    from events\n", "    from event\n")).to.match(
      /^19:10 outputs\.user_activity\.sql: Unknown table 'event' \(did you mean "events"\?\); tables: users, events, orders/,
    );
  });

  it("reads declared columns only, at their place in the file", async () => {
    expect(await edited("        session_id,\n", "        sesion_id,\n")).to.match(
      /^17:9 outputs\.user_activity\.sql: Unknown column 'sesion_id' in table 'events' \(did you mean "session_id"\?\)/,
    );
    expect(await edited("-- One row", "-- Überall 🎉 row")).to.equal("");
    expect(await problem(`-- Ü🎉\n${shipped}`.replace("        session_id,\n", "        sesion_id,\n"))).to.match(
      /^18:9 /,
    );
  });

  it("follows columns through common table expressions", async () => {
    expect(await edited("events_per_user.total_events", "events_per_user.total")).to.match(
      /Unknown column 'total' in table 'events_per_user'/,
    );
  });

  it("takes the unit of a difference of times for no column", async () => {
    const between = (unit: string) =>
      edited(
        "min(event_timestamp) as first_event_at",
        `min(timestampadd(${unit}, timestampdiff( ${unit}, event_timestamp, event_timestamp), event_timestamp)) as first_event_at`,
      );
    expect(await between("minute")).to.equal("");
    expect(await between("DAY")).to.equal("");
    expect(
      await edited(
        "min(event_timestamp) as first_event_at",
        "min(date_trunc(minute, event_timestamp)) as first_event_at",
      ),
    ).to.match(/Unknown column 'minute'/);
  });

  it("returns the declared columns, in their order", async () => {
    expect(
      await edited(
        " as revenue,\n    cast(orders_per_user.last_order_at as timestamp) as last_order_at",
        " as income,\n    cast(orders_per_user.last_order_at as timestamp) as last_order_at",
      ),
    ).to.match(/does not return the declared revenue/);
    expect(await problem("select user_id, user_id as more from users")).to.match(
      /does not return the declared country, device_type/,
    );
    expect(
      await edited(
        "    cast(all_users.user_id as string) as user_id,\n    cast(all_users.country as string) as country,",
        "    cast(all_users.country as string) as country,\n    cast(all_users.user_id as string) as user_id,",
      ),
    ).to.match(/in another order than declared; declared: user_id, country/);
  });

  describe("in balances", () => {
    const balanced = async (side: "input" | "output", query: string): Promise<string> => {
      const output = loaded.config.outputs.user_activity!;
      const balances = { ...output.balances, events: { ...output.balances!.events!, [side]: query } };
      const config = { ...loaded.config, outputs: { user_activity: { ...output, balances } } };
      try {
        await checkSql({ ...loaded, config });
      } catch (error) {
        expect(error).to.be.instanceOf(ConfigError);
        return (error as Error).message;
      }
      return "";
    };

    it("reads the datasets, their orphans and the output itself", async () => {
      expect(await balanced("output", "select sum(total_events) from user_activity")).to.equal("");
      expect(
        await balanced("input", "select count(event_id) from events_orphans where orphan_column = 'user_id'"),
      ).to.equal("");
    });

    it("reports any other problem at its place in the config", async () => {
      expect(await balanced("input", "select count(*) from event")).to.match(
        /^config\/pipeline_config\.yaml:\d+:\d+ outputs\.user_activity\.balances\.events\.input: Unknown table 'event' \(did you mean "events"\?\); tables: users, events, orders, events_orphans, orders_orphans, user_activity$/,
      );
      const place = readFileSync("config/pipeline_config.yaml", "utf8").split("\n");
      const told = await balanced("output", "select sum(total) from user_activity");
      const line = Number(/yaml:(\d+):/.exec(told)?.[1]);
      expect(place[line - 1]).to.contain("output: >-");
      expect(told).to.contain("Unknown column 'total' in table 'user_activity'");
      expect(await balanced("input", "select count(*) from users_orphans")).to.contain("Unknown table 'users_orphans'");
    });

    it("returns one value", async () => {
      expect(await balanced("input", "select count(*), count(*) from events")).to.match(
        /balances\.events\.input: must return one column, not 2$/,
      );
      expect(await balanced("input", "delete from events")).to.match(/must be a query, not delete$/);
      expect(await balanced("input", "select count(*) from events;")).to.match(/must not end with a semicolon$/);
    });
  });

  for (const [title, text, message] of [
    ["what can't be parsed", "select from from users where", /^1:\d+ .*is not Spark SQL: /],
    ["prose", "hello world", /must be a query/],
    ["two statements", "select user_id from users; drop table users", /must be one statement, not 2/],
    ["a statement that is no query", "drop table users", /must be a query, not drop table/],
    ["an insert", "insert into users select * from users", /must be a query, not insert/],
    ["an empty file", "", /must be one statement|is not Spark SQL/],
  ] as const)
    it(`refuses ${title}`, async () => {
      expect(await problem(text)).to.match(message);
    });
});
