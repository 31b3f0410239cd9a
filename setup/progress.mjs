const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/**
 * Shows which steps run and for how long: one live line on a terminal; elsewhere one line when a step begins or ends.
 * @returns {{ say(text: string): void, step<T>(name: string, work: () => Promise<T>): Promise<T> }}
 */
export function createProgress(stream = process.stderr) {
  const running = new Map();
  let timer;
  let frame = 0;

  const draw = () => {
    const parts = [...running].map(([name, since]) => `${name} ${seconds(since)}`);
    stream.write(`\r\x1b[K${frames[frame++ % frames.length]} ${parts.join(" · ")}`);
  };
  const line = (text) => stream.write(stream.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);

  return {
    say: (text) => line(`setup: ${text}`),
    async step(name, work) {
      const since = Date.now();
      running.set(name, since);
      if (stream.isTTY) timer ??= setInterval(draw, 100);
      else line(`setup: ${name} ...`);
      let outcome = "failed";
      try {
        const result = await work();
        outcome = "done";
        return result;
      } finally {
        running.delete(name);
        if (running.size === 0 && timer) {
          clearInterval(timer);
          timer = undefined;
        }
        line(`setup: ${name} ${outcome} in ${seconds(since)}`);
      }
    },
  };
}
