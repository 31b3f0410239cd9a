import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { updatePartition } from "./catalog.ts";
import { GlueError, type GlueService } from "./service.ts";

const prefix = "AWSGlue.";

type Operation = (input: never, headers: IncomingHttpHeaders) => unknown;

/** What this server does itself. */
function operations(service: GlueService, upstream: string): Readonly<Record<string, Operation>> {
  return {
    CreateJob: (input) => service.createJob(input),
    UpdateJob: (input) => service.updateJob(input),
    GetJob: (input) => service.getJob(input),
    StartJobRun: (input) => service.startJobRun(input),
    GetJobRun: (input) => service.getJobRun(input),
    GetJobRuns: (input) => service.getJobRuns(input),
    BatchStopJobRun: (input) => service.batchStopJobRun(input),
    UpdatePartition: (input, headers) => updatePartition(upstream, headers, input),
  };
}

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

function forward(request: IncomingMessage, body: Buffer, upstream: string, response: ServerResponse): void {
  const outgoing = httpRequest(
    new URL(request.url ?? "/", upstream),
    { method: request.method ?? "POST", headers: request.headers },
    (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response);
    },
  );
  outgoing.on("error", (error) => fail(response, error));
  outgoing.end(body);
}

export interface GlueServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Glue's API on a free loopback port: jobs are run here, the catalog is that of the local AWS. */
export async function startGlueServer(service: GlueService, upstream: string): Promise<GlueServer> {
  const own = operations(service, upstream);
  const server = createServer(async (request, response) => {
    try {
      const target = String(request.headers["x-amz-target"] ?? "");
      const name = target.startsWith(prefix) ? target.slice(prefix.length) : "";
      const body = await readBody(request);
      const operation = Object.hasOwn(own, name) ? own[name] : undefined;
      if (operation)
        return answer(response, 200, await operation(JSON.parse(String(body) || "{}") as never, request.headers));
      // The local AWS knows none of these jobs and would say so as if it were true.
      if (/Job(s|Run|Runs|Bookmark)?$/.test(name))
        throw new GlueError("InvalidInputException", `${name} is not supported locally`);
      forward(request, body, upstream, response);
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
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
