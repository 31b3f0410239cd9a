import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

interface Comment {
  readonly id: number;
  readonly user: { readonly type: string };
  body: string;
}

/** The script that writes the plan into a pull request, against a server that answers as GitHub does. */
describe("the plan's comment", () => {
  let folder: string;
  let server: Server;
  let comments: Comment[];
  let calls: string[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "comment-"));
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => {
        const url = new URL(request.url!, "http://localhost");
        calls.push(`${request.method} ${url.pathname}${url.search}`);
        const body = text === "" ? "" : (JSON.parse(text).body as string);
        const answer = (status: number, content: unknown) => {
          response.writeHead(status, { "content-type": "application/json" });
          response.end(JSON.stringify(content));
        };
        if (request.headers.authorization !== "Bearer token-of-the-job")
          return answer(401, { message: "Bad credentials" });
        if (body.length > 65_536) return answer(422, { message: "body is too long (maximum is 65536 characters)" });
        if (request.method === "GET") {
          const page = Number(url.searchParams.get("page"));
          return answer(200, comments.slice((page - 1) * 100, page * 100));
        }
        if (request.method === "POST") {
          comments.push({ id: comments.length + 1, user: { type: "Bot" }, body });
          return answer(201, {});
        }
        comments.find(({ id }) => url.pathname.endsWith(`/comments/${id}`))!.body = body;
        return answer(200, {});
      });
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    comments = [];
    calls = [];
  });

  async function comment(plan: string | null, preview: string | null, token = "token-of-the-job") {
    const [planFile, previewFile] = [join(folder, "plan.md"), join(folder, "preview.txt")];
    for (const [file, text] of [
      [planFile, plan],
      [previewFile, preview],
    ] as const) {
      rmSync(file, { force: true });
      if (text !== null) writeFileSync(file, text);
    }
    const child = spawn(process.execPath, ["review/plan/comment.mjs", "7", "prod", planFile, previewFile], {
      env: {
        PATH: process.env.PATH,
        GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        GITHUB_REPOSITORY: "shop/pipeline",
        GITHUB_TOKEN: token,
      },
    });
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
    });
    const code = await new Promise<number | null>((ended) => child.on("close", ended));
    return { code, said };
  }

  it("is made once, and edited in place from then on", async () => {
    expect(await comment("first\n", null)).to.deep.equal({ code: 0, said: "" });
    expect((await comment("second\n", "no changes")).code).to.equal(0);
    expect(comments.map(({ body }) => body)).to.deep.equal([
      "<!-- plan of prod -->\nsecond\n\n<details><summary>pulumi preview</summary>\n\n~~~~text\nno changes\n~~~~\n\n</details>\n",
    ]);
    expect(calls).to.deep.equal([
      "GET /repos/shop/pipeline/issues/7/comments?per_page=100&page=1",
      "POST /repos/shop/pipeline/issues/7/comments",
      "GET /repos/shop/pipeline/issues/7/comments?per_page=100&page=1",
      "PATCH /repos/shop/pipeline/issues/comments/1",
    ]);
  });

  it("is found behind a hundred others, and is no person's that begins like it, nor another stack's", async () => {
    const other = (id: number, type: string, body: string): Comment => ({ id, user: { type }, body });
    comments = [
      ...Array.from({ length: 100 }, (_, index) => other(index + 1, "User", "hello")),
      other(101, "User", "<!-- plan of prod -->\nmine"),
      other(102, "Bot", "<!-- plan of dev -->\ndev"),
      other(103, "Bot", "<!-- plan of prod -->\nold"),
    ];
    await comment("new\n", null);
    expect(comments).to.have.length(103);
    expect(comments.slice(100).map(({ body }) => body.split("\n")[1])).to.deep.equal(["mine", "dev", "new"]);
  });

  it("stays below GitHub's limit, whatever is said, with the end of the preview and the whole plan", async () => {
    const preview = `begin${"~~~~\n".repeat(40_000)}end of the preview`;
    expect((await comment(`${"p".repeat(59_999)}\n`, preview)).code).to.equal(0);
    const [{ body }] = comments as [Comment];
    expect(body.length).to.be.within(60_000, 65_000);
    expect(body).to.contain("p".repeat(59_999));
    expect(body).to.contain("… the beginning is in the job's log");
    expect(body.endsWith("end of the preview\n~~~~\n\n</details>\n")).to.equal(true);
    expect(body.match(/^~~~~/gm)).to.have.length(2);
  });

  it("cuts a longer plan at a line, closes what is open there, and says where the rest is", async () => {
    const plan = `# Plan\n\n\`\`\`diff\n${"- a line of it\n".repeat(10_000)}\`\`\`\n`;
    expect((await comment(plan, "error: the end")).code).to.equal(0);
    const [{ body }] = comments as [Comment];
    expect(body.length).to.be.below(65_000);
    expect(body).to.contain(
      "- a line of it\n```\n\n… the rest of the plan is in the summary of the job `plan (prod)`\n\n<details>",
    );
    expect(body).to.contain("error: the end\n~~~~\n");
  });

  it("says so when there is no plan, and fails when it can't be written", async () => {
    await comment(null, "an error");
    expect(comments[0]!.body).to.contain("The plan of `prod` failed; its job says why.");
    const { code, said } = await comment("plan", null, "expired");
    expect(code).to.equal(1);
    expect(said).to.contain("401");
  });
});
