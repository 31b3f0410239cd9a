/** What is to happen, by virtual time and then by the order in which it was entered. Times are milliseconds. */
export class Agenda {
  /** A binary heap in three parallel arrays. */
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #actions: (() => void)[] = [];
  #entered = 0;

  enter(time: number, action: () => void): void {
    const order = ++this.#entered;
    let index = this.#actions.length;
    this.#actions.push(action);
    this.#times.push(time);
    this.#orders.push(order);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(time, order, parent)) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#set(index, time, order, action);
  }

  /** The earliest entry's time. */
  get nextTime(): number | null {
    return this.#times[0] ?? null;
  }

  /** Takes out the earliest entry. */
  take(): () => void {
    const earliest = this.#actions[0]!;
    const time = this.#times.pop()!;
    const order = this.#orders.pop()!;
    const action = this.#actions.pop()!;
    const size = this.#actions.length;
    if (size > 0) this.#sink(time, order, action, size);
    return earliest;
  }

  #sink(time: number, order: number, action: () => void, size: number): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#before(this.#times[child + 1]!, this.#orders[child + 1]!, child)) child++;
      if (this.#before(time, order, child)) break;
      this.#move(child, index);
      index = child;
    }
    this.#set(index, time, order, action);
  }

  #before(time: number, order: number, index: number): boolean {
    const other = this.#times[index]!;
    return time < other || (time === other && order < this.#orders[index]!);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#times[from]!, this.#orders[from]!, this.#actions[from]!);
  }

  #set(index: number, time: number, order: number, action: () => void): void {
    this.#times[index] = time;
    this.#orders[index] = order;
    this.#actions[index] = action;
  }
}
