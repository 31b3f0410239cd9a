import type { EmbeddedOrder } from "../../handlers/run/embedded.ts";
import type { Input } from "./actions.ts";

const awsError = (name: string, status?: number) =>
  Object.assign(new Error(name), { name, ...(status && { $metadata: { httpStatusCode: status } }) });

/** Glue as far as the functions use it: one job's runs and the partitions of tables. */
export class MemoryGlue {
  readonly #partitions = new Set<string>();
  readonly runs: { Id: string; JobRunState: string; Arguments: Record<string, string>; StartedOn: Date }[] = [];
  /** What the next start comes to in the place of an answer; `lost` starts the job all the same. */
  nextStart: "lost" | "refused" | null = null;

  answer(command: string, input: Input): object {
    switch (command) {
      case "StartJobRun": {
        const outcome = this.nextStart;
        this.nextStart = null;
        if (outcome === "refused") throw awsError("InvalidInputException");
        const Id = `jr_${this.runs.length + 1}`;
        this.runs.unshift({ Id, JobRunState: "RUNNING", Arguments: input.Arguments, StartedOn: new Date() });
        if (outcome === "lost") throw awsError("TimeoutError");
        return { JobRunId: Id };
      }
      case "GetJobRun": {
        const JobRun = this.runs.find(({ Id }) => Id === input.RunId);
        if (!JobRun) throw awsError("EntityNotFoundException");
        return { JobRun };
      }
      case "GetJobRuns":
        return { JobRuns: this.runs };
      case "GetTable":
        return { Table: { StorageDescriptor: {} } };
      case "UpdatePartition":
        if (!this.#partitions.has(`${input.TableName}/${input.PartitionValueList[0]}`))
          throw awsError("EntityNotFoundException");
        return {};
      case "CreatePartition":
        this.#partitions.add(`${input.TableName}/${input.PartitionInput.Values[0]}`);
        return {};
      default:
        return {};
    }
  }

  end(id: string, state: string): void {
    this.runs.find(({ Id }) => Id === id)!.JobRunState = state;
  }
}

/** Queues as far as redrive uses them: what lies in them is received once. */
export class MemoryQueues {
  readonly #messages = new Map<string, string[]>();

  put(queueUrl: string, body: string): void {
    this.#messages.set(queueUrl, [...(this.#messages.get(queueUrl) ?? []), body]);
  }

  answer(command: string, { QueueUrl }: Input): object {
    if (command !== "ReceiveMessage") return {};
    const bodies = this.#messages.get(QueueUrl) ?? [];
    this.#messages.delete(QueueUrl);
    return { Messages: bodies.map((Body, index) => ({ Body, MessageId: `${index}`, ReceiptHandle: `${index}` })) };
  }
}

/** Lambda as far as the functions use it: it keeps the orders of asynchronous calls, newest first, and calls nobody. */
export class MemoryLambda {
  readonly orders: EmbeddedOrder[] = [];
  /** What happens before the next call is answered; what it throws is the answer. */
  next: (() => unknown) | null = null;

  async answer(_command: string, { Payload }: Input): Promise<object> {
    const { next } = this;
    this.next = null;
    this.orders.unshift(JSON.parse(Payload) as EmbeddedOrder);
    await next?.();
    return {};
  }
}

/** An answer that never came. */
export const lost = () => {
  throw awsError("TimeoutError");
};

/** What Lambda says of a version that is gone. */
export const refused = () => {
  throw awsError("ResourceNotFoundException", 404);
};
