const shown = { text: "" };

/** What is wrong with the feed of the event that plays, worst first; nothing is shown while it is well. */
export function showFindings({ findings = [] } = {}) {
  const text = JSON.stringify(findings);
  if (text === shown.text) return;
  shown.text = text;
  document.getElementById("feed").hidden = findings.length === 0;
  document.getElementById("findings").replaceChildren(...findings.map(findingItem));
}

function findingItem({ severity, message }) {
  const item = document.createElement("li");
  const mark = document.createElement("small");
  item.className = severity;
  mark.textContent = severity;
  item.append(mark, message);
  return item;
}
