import { createRequire } from "node:module";

/** gRPC and Pulumi's own messages, from the packages that @pulumi/pulumi brings. */

const fromPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
export const grpc = fromPulumi("@grpc/grpc-js");
export const proto = (name: string) => fromPulumi(`@pulumi/pulumi/proto/${name}`);
export const { Struct } = fromPulumi("google-protobuf/google/protobuf/struct_pb.js");
export const { Empty } = fromPulumi("google-protobuf/google/protobuf/empty_pb.js");
/** Resolves a path as @pulumi/pulumi would. */
export const resolveFromPulumi = (path: string): string => fromPulumi.resolve(path);

// biome-ignore lint/suspicious/noExplicitAny: generated code without types of its own
export type Message = any;
export type Call = { readonly request: Message };
export type Answer = (error: unknown, message?: Message) => void;
type Handler = (request: Message) => Promise<Message> | Message;

/** Each method of a service by a function of its request; what it throws is the call's error. */
export const service = (handlers: Readonly<Record<string, Handler>>) =>
  Object.fromEntries(
    Object.entries(handlers).map(([name, handle]) => [
      name,
      ({ request }: Call, answer: Answer) => {
        Promise.resolve()
          .then(() => handle(request))
          .then(
            (message) => answer(null, message),
            (error: Error) => answer({ code: grpc.status.UNKNOWN, details: error.message }),
          );
      },
    ]),
  );

export interface Served {
  readonly port: number;
  stop(): void;
}

/** Serves on a free loopback port. */
export async function serve(definition: Message, handlers: object): Promise<Served> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 64 * 1024 * 1024 });
  server.addService(definition, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error: Error | null, bound: number) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, stop: () => server.forceShutdown() };
}
