import { commandLine } from "./command-line.ts";
import { isWhole, startStack, stopStack } from "./stack/run.ts";
import { envLines, readState } from "./stack/state.ts";

const USAGE = `npm run stack -- [start|stop|status] [--nodes 1|3]
  (nothing)  start Cassandra, two memcached zones and Redis, and stop them at Ctrl-C
  start      the same in the background; does nothing for what already runs
  stop       stop them
  status     what runs, and the settings that use it
`;

/** Stops the stack at the first SIGINT or SIGTERM; npm sends Ctrl-C twice, so later ones mean nothing. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => {}, 60_000);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        clearInterval(alive);
        resolve();
      });
    }
  });
}

async function main(): Promise<void> {
  const { positionals, values } = commandLine(USAGE, { nodes: { type: "string" } });
  const nodes = values.nodes === "3" ? 3 : 1;
  const command = positionals[0] ?? "foreground";
  if (!["foreground", "start", "stop", "status"].includes(command) || !["1", "3", undefined].includes(values.nodes)) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  if (command === "status") {
    const parts = await readState();
    const lines = parts.map((part) => `${part.name.padEnd(12)} ${isWhole(part) ? "runs" : "gone"}  ${part.address}`);
    process.stdout.write(parts.length > 0 ? `${lines.join("\n")}\n\n${envLines(parts)}\n` : "nothing runs\n");
  } else if (command === "stop") {
    await stopStack();
  } else {
    const interrupted = command === "foreground" ? untilSignal() : undefined;
    const parts = await startStack({ nodes, background: command === "start" });
    process.stdout.write(`${envLines(parts)}\n`);
    if (!interrupted) return;
    await interrupted;
    await stopStack();
  }
}

await main();
