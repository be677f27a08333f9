import type { ServiceName, Settings } from "@headwater/service-kit";
import type { DemoEvent } from "./demo-event.ts";
import { encoderArgs, shellLine } from "./ffmpeg.ts";

export type Announcement = {
  readonly settings: Settings;
  readonly event: DemoEvent | undefined;
  readonly processes: readonly {
    readonly service: ServiceName;
    readonly adminUrl: string;
    readonly pid: () => number | undefined;
  }[];
  readonly encoderPid: number | undefined;
};

/** Tells on stdout, for people and in one line for scripts, where everything is. */
export function announce({ settings, event, processes, encoderPid }: Announcement): void {
  const { publish, origin, control } = settings.urls;
  const token = settings.operatorTokens[0]?.token;
  const of = <T>(service: ServiceName, value: (process: Announcement["processes"][number]) => T) =>
    processes.filter((process) => process.service === service).map(value);
  const perService = <T>(value: (process: Announcement["processes"][number]) => T) => ({
    publisher: of("publisher", value),
    origin: of("origin", value),
    control: of("control", value),
    worker: of("worker", value),
  });
  const play = event && `${origin}/live/${event.id}/master.m3u8`;
  const summary = {
    urls: { publish, origin, control, dashboard: `${control}/`, play, admin: perService(({ adminUrl }) => adminUrl) },
    token,
    event,
    pids: { supervisor: process.pid, ...perService(({ pid }) => pid()), encoder: encoderPid },
  };
  const lines = [
    "",
    `  encoders push to   ${event ? event.publishUrl : `${publish}/publish/`}`,
    `  edges pull from    ${play ?? `${origin}/live/`}`,
    `  control API        ${control}/v1`,
    `  dashboard          ${control}/`,
    `  operator token     ${token}`,
    "",
    ...(event
      ? [
          `  publish to the event "${event.id}"${encoderPid ? " (ffmpeg does so already, --demo)" : ""}:`,
          "",
          shellLine("ffmpeg", encoderArgs(event, { outlivePublisher: true })),
          "",
        ]
      : []),
    `headwater ready ${JSON.stringify(summary)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
