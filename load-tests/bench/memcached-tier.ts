/**
 * The memcached tier against a raw socket that only counts bytes, and against stock memjs: 2 MiB objects read by one
 * process. memcached runs on core 0, the client on core 1; each figure comes from a process of its own, and the rounds
 * of all clients are interleaved.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { memcachedNode, memcachedZones } from "@headwater/cache-memcached";
import { Client, Header } from "memjs";

const ROUNDS = 5;
const MEASURE_MS = 1200;
const WARM_UP_MS = 300;
/** Objects read at the same time. */
const CONCURRENCY = 4;
const MIB = 1024 * 1024;
const OBJECT_BYTES = 2 * MIB;
const CHUNK_BYTES = OBJECT_BYTES / 4;
const OBJECTS = 24;
const HOST = "127.0.0.1";
/** A busy machine must not end a measurement. */
const PATIENT = { timeoutMs: 5000, patienceMs: 5000 };

const RAW = "raw socket, counting";
const OURS = "ours, transport alone";
const OURS_CHECKED = "ours, zones with every chunk checked";
const STOCK = "stock memjs, one 2 MiB value";
const STOCK_CHUNKS = "stock memjs, the same four chunks";

/** How each client reads object n; resolves to the bytes it got. */
const CLIENTS: Record<string, (port: number) => (n: number) => Promise<number>> = {
  [RAW]: (port) => {
    const read = rawReader(port);
    return async (n) => sum(await Promise.all(chunkKeys(n).map((key) => read(`plain/${key}`))));
  },
  [OURS_CHECKED]: (port) => {
    const cache = memcachedZones({ zones: { a: [{ host: HOST, port }] }, own: "a", ...PATIENT });
    return async (n) => sum(await Promise.all(chunkKeys(n).map(async (key) => bytesOf(await cache.get(key)))));
  },
  [OURS]: (port) => {
    const node = memcachedNode({ host: HOST, port, timeoutMs: PATIENT.timeoutMs });
    return async (n) =>
      sum(await Promise.all(chunkKeys(n).map(async (key) => bytesOf(await node.get(`plain/${key}`)))));
  },
  [STOCK]: (port) => {
    const client = Client.create(`${HOST}:${port}`, { timeout: 20 });
    return async (n) => bytesOf((await client.get(`whole/${n}`)).value);
  },
  [STOCK_CHUNKS]: (port) => {
    const client = Client.create(`${HOST}:${port}`, { timeout: 20 });
    return async (n) =>
      sum(await Promise.all(chunkKeys(n).map(async (key) => bytesOf((await client.get(`plain/${key}`)).value))));
  },
};

export interface Row {
  client: string;
  mibPerSecond: number;
  lowest: number;
  highest: number;
  cpuMsPerObject: number;
  objects: number;
}

interface Sample {
  objects: number;
  mibPerSecond: number;
  cpuMsPerObject: number;
}

/** Takes about 45 s. Needs memcached and taskset. */
export async function run(): Promise<{ title: string; rows: Row[]; verdict: string }> {
  for (const needed of ["memcached", "taskset"]) {
    if (spawnSync(needed, ["--version"]).error)
      throw new Error(`this benchmark needs ${needed}, which is not installed`);
  }
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const args = ["-c", "0", "memcached", "-l", HOST, "-p", `${port}`, "-U", "0", "-m", "512", "-I", "4m", ...user];
  const memcached = spawn("taskset", args, { stdio: "inherit" });
  try {
    await fill(port);
    const samples = new Map(Object.keys(CLIENTS).map((client): [string, Sample[]] => [client, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [client, results] of samples) results.push(await inOwnProcess(client, port));
    }
    const rows = [...samples].map(([client, results]) => summary(client, results));
    return { title: title(), rows, verdict: verdict(rows) };
  } finally {
    memcached.kill();
  }
}

function title(): string {
  return `memcached tier: 2 MiB gets, ${CONCURRENCY} objects at a time, ${ROUNDS} interleaved rounds, memcached on core 0, client on core 1`;
}

function verdict(rows: readonly Row[]): string {
  const rateOf = (client: string) => rows.find((row) => row.client === client)!.mibPerSecond;
  const against = (ours: string, other: string, goal: number) => {
    const ratio = rateOf(ours) / rateOf(other);
    return `${ratio.toFixed(2)} x ${other} (goal ${goal}: ${ratio >= goal ? "met" : "MISSED"})`;
  };
  return [OURS, OURS_CHECKED]
    .map((ours) => `${ours}: ${against(ours, RAW, 0.8)}; ${against(ours, STOCK, 8)}`)
    .concat(`${OURS}: ${(rateOf(OURS) / rateOf(STOCK_CHUNKS)).toFixed(2)} x ${STOCK_CHUNKS}`)
    .join("\n");
}

function summary(client: string, samples: readonly Sample[]): Row {
  const rates = samples.map((sample) => sample.mibPerSecond).sort((a, b) => a - b);
  const middle = Math.floor(samples.length / 2);
  return {
    client,
    mibPerSecond: Math.round(rates[middle]!),
    lowest: Math.round(rates[0]!),
    highest: Math.round(rates.at(-1)!),
    cpuMsPerObject: samples.map((sample) => sample.cpuMsPerObject).sort((a, b) => a - b)[middle]!,
    objects: sum(samples.map((sample) => sample.objects)),
  };
}

async function inOwnProcess(client: string, port: number): Promise<Sample> {
  const child = spawn("taskset", ["-c", "1", process.execPath, import.meta.filename, client, `${port}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (part) => {
    output += part;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${client}: ended with ${code}`);
  return JSON.parse(output);
}

async function measure(client: string, port: number): Promise<Sample> {
  const read = CLIENTS[client]!(port);
  await readFor(read, WARM_UP_MS);
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const objects = await readFor(read, MEASURE_MS);
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    objects,
    mibPerSecond: (objects * OBJECT_BYTES) / MIB / seconds,
    cpuMsPerObject: Number(((cpu.user + cpu.system) / 1000 / objects).toFixed(3)),
  };
}

async function readFor(read: (n: number) => Promise<number>, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let objects = 0;
  async function reader(): Promise<void> {
    while (performance.now() < endMs) {
      const n = objects++ % OBJECTS;
      const bytes = await read(n);
      if (bytes < OBJECT_BYTES) throw new Error(`object ${n}: ${bytes} bytes`);
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, reader));
  return objects;
}

async function fill(port: number): Promise<void> {
  const stock = Client.create(`${HOST}:${port}`, { timeout: 20 });
  const ours = memcachedZones({ zones: { a: [{ host: HOST, port }] }, own: "a", ...PATIENT });
  for (let attempt = 0; attempt < 100 && !(await listens(port)); attempt += 1) await sleep(50);
  for (let n = 0; n < OBJECTS; n += 1) {
    await stock.set(`whole/${n}`, Buffer.alloc(OBJECT_BYTES, n + 1));
    for (const key of chunkKeys(n)) {
      await stock.set(`plain/${key}`, Buffer.alloc(CHUNK_BYTES, n + 1));
      await ours.set(key, Buffer.alloc(CHUNK_BYTES, n + 1));
      if ((await ours.get(key)) === undefined) throw new Error(`${key} was not kept`);
    }
  }
  ours.close();
  stock.close();
}

/** Pipelined gets on one connection; looks at headers only, and keeps nothing. */
function rawReader(port: number): (key: string) => Promise<number> {
  const waiting: ((bytes: number) => void)[] = [];
  const header = Buffer.alloc(24);
  let headerBytes = 0;
  let bodyBytes = 0;
  let left = 0;
  const socket = connect({ port, host: HOST, noDelay: true });
  socket.on("data", (packet: Buffer) => {
    for (let at = 0; at < packet.length; ) {
      if (left > 0) {
        const taken = Math.min(left, packet.length - at);
        left -= taken;
        at += taken;
        if (left === 0) waiting.shift()!(bodyBytes - 4);
        continue;
      }
      const copied = packet.copy(header, headerBytes, at, at + 24 - headerBytes);
      at += copied;
      headerBytes = (headerBytes + copied) % 24;
      if (headerBytes === 0) {
        bodyBytes = header.readUInt32BE(8);
        left = bodyBytes;
      }
    }
  });
  return (key) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      const request = { magic: 0x80, opcode: 0, keyLength: key.length, extrasLength: 0, totalBodyLength: key.length };
      socket.write(Buffer.concat([Header.toBuffer(request), Buffer.from(key)]));
    });
}

function chunkKeys(n: number): string[] {
  return [0, 1, 2, 3].map((chunk) => `${n}/${chunk}`);
}

function bytesOf(value: Uint8Array | null | undefined): number {
  return value?.byteLength ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  const open = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return open;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

if (import.meta.main) {
  const [client, port] = process.argv.slice(2);
  if (client !== undefined) {
    process.stdout.write(JSON.stringify(await measure(client, Number(port))), () => process.exit(0));
  } else {
    const { title, rows, verdict } = await run();
    console.log(title);
    console.table(rows);
    console.log(verdict);
  }
}
