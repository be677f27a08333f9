import { showCommands } from "./commands.js";
import { showFindings } from "./findings.js";
import { Player } from "./player.js";

const REFRESH_MS = 5000;
const STATS_MS = 500;
const byId = (id) => document.getElementById(id);

const player = new Player(byId("video"), (text) => {
  byId("message").textContent = text;
});
let chosen;

function eventLink({ id, state }) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const mark = document.createElement("small");
  link.href = `#${id}`;
  mark.textContent = state;
  mark.className = state;
  link.append(id, mark);
  if (id === chosen?.id) link.setAttribute("aria-current", "true");
  item.append(link);
  return item;
}

function masterLink(url) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = url;
  return link;
}

/** Plays the event that the address names, else the first that goes on, else the first. */
function choose(events) {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const event = events.find(({ id }) => id === wanted) ?? events.find(({ state }) => state === "live") ?? events[0];
  if (event?.masterUrl === chosen?.masterUrl) return;
  chosen = event;
  byId("master").replaceChildren(...(event ? [masterLink(event.masterUrl)] : []));
  if (event) player.play(event.masterUrl);
  else player.stop("There is no event yet.");
}

async function refresh() {
  let info;
  try {
    info = await (await fetch("/player.json")).json();
  } catch {
    return; // Control is away for a moment; what plays goes on.
  }
  choose(info.events);
  byId("reader").hidden = !info.readersNeedToken;
  byId("events").replaceChildren(...info.events.map(eventLink));
  byId("none").hidden = info.events.length > 0;
  showCommands(chosen);
  showFindings(info.events.find(({ id }) => id === chosen?.id));
}

function showStats() {
  const { level, latencySec, bufferSec, dropped } = player.stats();
  byId("level").textContent = level ?? "–";
  byId("latency").textContent = latencySec === undefined ? "–" : `${latencySec.toFixed(1)} s`;
  byId("buffer").textContent = `${bufferSec.toFixed(1)} s`;
  byId("dropped").textContent = String(dropped);
}

byId("reader-token").addEventListener("change", (change) => {
  player.token = change.target.value.trim();
  if (chosen) player.play(chosen.masterUrl);
});
addEventListener("hashchange", refresh);
setInterval(refresh, REFRESH_MS);
setInterval(showStats, STATS_MS);
refresh();
