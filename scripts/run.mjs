/** `node scripts/run.mjs TASK [arguments]`: prepares this checkout, then runs the task. Needs no installed packages. */
import { SetupError } from "../setup/command.mjs";
import { setUp } from "../setup/index.mjs";
import { tasks } from "../setup/tasks.mjs";

const [name, ...args] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name ?? "") ? tasks[name] : undefined;

if (!task) {
  console.error(`${name ? `"${name}" is not a task` : "name a task"}: ${Object.keys(tasks).join(", ")}`);
  process.exitCode = 2;
} else {
  try {
    await setUp(task.needs);
    process.exitCode = await task.run(args);
  } catch (error) {
    console.error(error instanceof SetupError ? `setup: ${error.message}` : error);
    process.exitCode = 1;
  }
}
