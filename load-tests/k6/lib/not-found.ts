import exec from "k6/execution";
import { ask } from "./ask.ts";
import { type LiveEvent, urlOf } from "./event.ts";
import { EVENT, ORIGIN } from "./settings.ts";

/** Numbers of this event that are far from being due. */
export function early({ renditions: [rendition] }: LiveEvent): void {
  ask("early", urlOf(rendition, rendition.newest + 2000 + (exec.scenario.iterationInTest % 1000)));
}

/** Events, renditions and versions that there are not. */
export function unknown({ renditions: [{ before, newest, after }] }: LiveEvent): void {
  const i = exec.scenario.iterationInTest;
  const urls = [
    `${ORIGIN}/live/no-such-event-${i % 500}/v1/720p/${newest}.m4s`,
    `${ORIGIN}/live/${EVENT}/v1/no-such-rendition-${i % 500}/${newest}${after}`,
    `${before.replace(/\/v\d+\//, "/v999999/")}${newest}${after}`,
  ];
  ask("unknown", urls[i % urls.length] as string);
}

/** What no player asks for. */
export function hostile(): void {
  const i = exec.scenario.iterationInTest;
  const paths = [
    `/live/${EVENT}/v1/%2e%2e%2f%2e%2e%2fetc%2fpasswd`,
    `/live/${EVENT}/v1/720p/${"9".repeat(40)}.m4s`,
    `/live/${EVENT}/v1/720p/-${i}.m4s`,
    `/live/${EVENT}/v1/720p/${i}.php`,
    `/${"a".repeat(2000)}${i}`,
    `/live/${EVENT}//v1//720p/1.m4s`,
  ];
  ask("hostile", ORIGIN + paths[i % paths.length]);
}
