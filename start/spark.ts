import { setUpSpark } from "../setup/index.mjs";
import type { Status } from "../terminal/status.ts";

/** Whether a run may need Spark: every config's runs are Glue's. */
const needsSpark = (): boolean => true;

/** Fetches Spark before the first run asks for it, beside what else has to be brought up. */
export async function bringSpark(status: Status): Promise<void> {
  if (!needsSpark()) return;
  const say = (text: string) => status.show("setup", text);
  const isNew = await setUpSpark("runs of Glue", {
    say,
    step(name, work) {
      say(name);
      return work();
    },
  });
  if (isNew) status.done("setup", "Spark is ready");
}
