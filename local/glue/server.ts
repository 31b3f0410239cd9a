import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { GlueClient } from "@aws-sdk/client-glue";
import { credentials, region } from "../localAws.ts";
import { updatePartition } from "./catalog.ts";
import { GlueError, type GlueService } from "./service.ts";

const prefix = "AWSGlue.";

type Operation = (input: never) => unknown;

/** The operations that this server handles itself. */
function operations(service: GlueService, catalog: GlueClient): Readonly<Record<string, Operation>> {
  return {
    CreateJob: (input) => service.createJob(input),
    UpdateJob: (input) => service.updateJob(input),
    GetJob: (input) => service.getJob(input),
    StartJobRun: (input) => service.startJobRun(input),
    GetJobRun: (input) => service.getJobRun(input),
    GetJobRuns: (input) => service.getJobRuns(input),
    BatchStopJobRun: (input) => service.batchStopJobRun(input),
    UpdatePartition: (input) => updatePartition(catalog, input),
  };
}

/** The local AWS would create its own job for these requests; only the provisioning program sends them. */
const isProvisioning = (name: string) => name === "CreateJob" || name === "UpdateJob";

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
  response.end(JSON.stringify(body));
}

function fail(response: ServerResponse, error: unknown): void {
  const known = error instanceof GlueError;
  const message = error instanceof Error ? error.message : String(error);
  answer(response, known ? 400 : 500, { __type: known ? error.code : "InternalServiceException", Message: message });
}

/** Passes the same request, with the caller's signature, to the local AWS. */
const pass = (request: IncomingMessage, body: Buffer, upstream: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const options = { method: request.method ?? "POST", headers: request.headers };
    httpRequest(new URL(request.url ?? "/", upstream), options, resolve)
      .on("error", reject)
      .end(body);
  });

function relay(incoming: IncomingMessage, response: ServerResponse): void {
  response.writeHead(incoming.statusCode ?? 502, incoming.headers);
  incoming.pipe(response);
}

export interface GlueServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Glue's API on a free loopback port. Jobs run here; the catalog is the local AWS's. The local AWS also decides on
 * access: it does not know the jobs, but it checks the policies before it looks for them.
 */
export async function startGlueServer(service: GlueService, upstream: string): Promise<GlueServer> {
  const catalog = new GlueClient({ endpoint: upstream, region, credentials });
  const own = operations(service, catalog);
  const server = createServer(async (request, response) => {
    try {
      const target = String(request.headers["x-amz-target"] ?? "");
      const name = target.startsWith(prefix) ? target.slice(prefix.length) : "";
      const body = await readBody(request);
      const operation = Object.hasOwn(own, name) ? own[name] : undefined;
      // The local AWS would wrongly answer that there are no such jobs or runs.
      if (!operation && /Job(s|Run|Runs|Bookmark)?$/.test(name))
        throw new GlueError("InvalidInputException", `${name} is not supported locally`);
      if (!isProvisioning(name)) {
        const incoming = await pass(request, body, upstream);
        if (!operation || incoming.statusCode === 403) return relay(incoming, response);
        incoming.resume();
      }
      answer(response, 200, await operation!(JSON.parse(String(body) || "{}") as never));
    } catch (error) {
      fail(response, error);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      await service.close();
      catalog.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
