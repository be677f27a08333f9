import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { demandNone } from "../live.ts";
import type { Fault } from "../scene.ts";
import { type ClockedEvent, createClockedEvent } from "../traffic/event.ts";
import { get } from "../traffic/get.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { put } from "../traffic/put.ts";
import { seededRandom } from "../traffic/random.ts";
import { ALL_STORES } from "../world.ts";

const RENDITION = "r1";
const DURATION_MS = 2_000;
/** More than a publisher needs to notice a closed socket, and to commit if it wrongly did. */
const AFTERMATH_MS = 150;

type Framing = "length" | "chunked";
type Death = "end" | "reset";

/** Encoders die at random bytes of their segments, by either framing, with a FIN or a RST: nothing of it is ever seen. */
export const encoderKilled: Fault = {
  does: "Encoders die at random bytes of their segments, with a FIN or a RST",
  stores: ALL_STORES,
  deadlineMs: 120_000,
  run: async (scene) => {
    const { report, seed, brief } = scene;
    const random = seededRandom(`${seed}/deaths`);
    const headwater = await scene.start();
    const event = await createClockedEvent(headwater, "faults", DURATION_MS);
    const payload = { seed, durationMs: DURATION_MS, minBytes: 600_000, maxBytes: 1_500_000 };
    const first = Math.floor(Date.now() / DURATION_MS) - 100;
    const visible: string[] = [];
    const refused: string[] = [];
    let lastWhole: { number: number; bytes: Buffer } | undefined;

    const trials = brief ? 8 : 60;
    for (let trial = 0; trial < trials; trial++) {
      const number = first + trial;
      const bytes = segmentBytes({ event: event.id, rendition: RENDITION, number }, payload);
      const url = `${event.readUrl}/${RENDITION}/${number}.m4s`;
      // The last byte is the most tempting one to do without.
      const cut = trial % 10 === 0 ? bytes.length - 1 : Math.floor(random() * bytes.length);
      const framing = random() < 0.5 ? "length" : "chunked";
      const death = random() < 0.5 ? "end" : "reset";
      const how = `${number} cut after ${cut} of ${bytes.length}, ${framing}, ${death}`;
      const dying = sendAndDie(event, `${RENDITION}/${number}.m4s`, bytes, { cut, framing, death });
      const during = await get(url);
      await dying;
      await sleep(AFTERMATH_MS);
      const after = await get(url);
      for (const { status } of [during, after]) if (status === 200) visible.push(how);
      // The encoder comes back and sends it whole.
      const { status } = await put(event, `${RENDITION}/${number}.m4s`, bytes);
      if (status !== 201) refused.push(`${how}: ${status ?? "no answer"}`);
      else lastWhole = { number, bytes };
    }
    await report.check("nothing of a cut segment was visible", async () => {
      demandNone(visible);
      return `${trials} encoders died`;
    });
    await report.check("the same segment is taken when it comes whole", async () => demandNone(refused));
    await report.check("and is read back", async () => {
      if (lastWhole === undefined) throw new Error("none was taken");
      const { status, body } = await get(`${event.readUrl}/${RENDITION}/${lastWhole.number}.m4s`);
      if (status !== 200 || !body.equals(lastWhole.bytes)) throw new Error(`${status}, ${body.length} bytes`);
    });
  },
};

/** Sends the head and the first `cut` bytes of a body, as an encoder that is killed then. Resolves when its socket is gone. */
function sendAndDie(
  { publishUrl, publishToken }: ClockedEvent,
  path: string,
  bytes: Buffer,
  { cut, framing, death }: { cut: number; framing: Framing; death: Death },
): Promise<void> {
  const { hostname, port, pathname } = new URL(`${publishUrl}/${path}`);
  const size = framing === "length" ? `Content-Length: ${bytes.length}` : "Transfer-Encoding: chunked";
  const head = `PUT ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${publishToken}\r\n${size}\r\n\r\n`;
  const chunk = framing === "length" ? "" : `${bytes.length.toString(16)}\r\n`;
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("close", () => resolve()).on("error", () => {});
    socket.write(head + chunk);
    socket.write(bytes.subarray(0, cut), () => {
      if (death === "reset") socket.resetAndDestroy();
      else socket.destroy();
    });
  });
}
