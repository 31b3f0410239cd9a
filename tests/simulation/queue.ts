import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Service } from "./invocation.ts";
import { second, type World } from "./world.ts";

export interface SimulatedMessage {
  readonly id: string;
  /** Names it in the questions to chance. */
  readonly name: string;
  readonly body: string;
  receives: number;
  visibleAt: number;
}

export interface QueueOptions {
  readonly url: string;
  /** Milliseconds for which a received message hides. */
  readonly visibility: number;
  /** Where a message goes that was received too often. */
  readonly deadLetters?: { readonly queue: Queue; readonly maxReceives: number };
  /** Is handed each message that can be received. */
  readonly consumer: (message: SimulatedMessage) => void;
}

/** A standard queue: messages may come twice and in any order. */
export class Queue {
  readonly url: string;
  readonly messages = new Map<string, SimulatedMessage>();
  readonly #world: World;
  readonly #options: QueueOptions;
  #sent = 0;

  constructor(world: World, options: QueueOptions) {
    this.#world = world;
    this.#options = options;
    this.url = options.url;
  }

  send(body: string, name: string, { id = `${this.url.split("/").at(-1)}-${++this.#sent}`, delay = 0 } = {}): void {
    const message: SimulatedMessage = { id, name, body, receives: 0, visibleAt: this.#world.now + delay };
    this.messages.set(id, message);
    this.#offerLater(message, delay + 10 + 40 * this.#world.chance.pick(`${name}/wait`, 25));
  }

  /** Hides the message and counts the receive; null when it is gone or went to the dead letters. */
  receive(message: SimulatedMessage, visibility = this.#options.visibility): SimulatedMessage | null {
    if (!this.messages.has(message.id)) return null;
    const { deadLetters } = this.#options;
    if (deadLetters && message.receives >= deadLetters.maxReceives) {
      this.messages.delete(message.id);
      this.#world.tell(() => `message ${message.name} goes to the dead letters`);
      deadLetters.queue.send(message.body, message.name, { id: message.id });
      return null;
    }
    message.receives++;
    message.visibleAt = this.#world.now + visibility;
    this.#offerLater(message, visibility);
    return message;
  }

  delete(id: string): void {
    this.messages.delete(id);
  }

  get visible(): SimulatedMessage[] {
    return [...this.messages.values()].filter(({ visibleAt }) => visibleAt <= this.#world.now);
  }

  #offerLater(message: SimulatedMessage, delay: number): void {
    const { consumer } = this.#options;
    this.#world.after(delay, () => {
      if (this.messages.has(message.id) && message.visibleAt <= this.#world.now) consumer(message);
    });
  }
}

/** The commands that the functions send to queues. */
export class QueueService implements Service {
  readonly #queues: ReadonlyMap<string, Queue>;
  readonly #nameOf: (body: string) => string;

  /** @param nameOf names the message that is being sent */
  constructor(queues: readonly Queue[], nameOf: (body: string) => string) {
    this.#queues = new Map(queues.map((queue) => [queue.url, queue]));
    this.#nameOf = nameOf;
  }

  apply(command: object): unknown {
    const queue = this.#queues.get((command as { input: { QueueUrl?: string } }).input.QueueUrl ?? "");
    if (!queue) throw new Error(`${command.constructor.name} names no queue of the simulation`);
    if (command instanceof SendMessageCommand) {
      const { MessageBody, DelaySeconds = 0 } = command.input;
      queue.send(MessageBody!, this.#nameOf(MessageBody!), { delay: DelaySeconds * second });
      return {};
    }
    if (command instanceof ReceiveMessageCommand) {
      const { MaxNumberOfMessages = 1, VisibilityTimeout } = command.input;
      const visibility = VisibilityTimeout === undefined ? undefined : VisibilityTimeout * second;
      const received = queue.visible
        .slice(0, MaxNumberOfMessages)
        .map((message) => queue.receive(message, visibility)!);
      const Messages = received.map(({ id, body }): Message => ({ MessageId: id, ReceiptHandle: id, Body: body }));
      return Messages.length > 0 ? { Messages } : {};
    }
    if (command instanceof DeleteMessageCommand) {
      queue.delete(command.input.ReceiptHandle!);
      return {};
    }
    throw new Error(`the simulated SQS knows no ${command.constructor.name}`);
  }
}
