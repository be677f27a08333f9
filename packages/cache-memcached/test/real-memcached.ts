import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";

const BINARY = ["/usr/bin/memcached", "/usr/local/bin/memcached", "/opt/homebrew/bin/memcached"].find(existsSync);

/** False, loudly, where there is no memcached to test with. In CI that is a failure. */
export function haveMemcached(): boolean {
  if (BINARY !== undefined) return true;
  if (process.env.CI === "true") throw new Error("memcached is not installed, and CI must not skip its tests");
  console.warn("SKIPPED: memcached is not installed; the tests against a real one did not run");
  return false;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** A memcached of its own on a port, ready. */
export async function startMemcached(port: number) {
  // Started by root it wants to be told which user to become.
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn(BINARY!, ["-l", "127.0.0.1", "-p", String(port), "-U", "0", "-m", "128", ...user], {
    stdio: "ignore",
  });
  await listening(child, port);
  return {
    port,
    /** The kernel goes on taking connections and bytes for it; it answers nothing. */
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`memcached ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("memcached did not start to listen within 5 s");
}
