const COPIED_MS = 1500;

/** The commands a newcomer needs, for the event shown, or for one to be made. */
export function showCommands(event = { id: "derby", pipelines: [] }) {
  const pipeline = event.pipelines[0] ?? { id: "a", publishUrl: "$PUBLISH_URL/" };
  const api = `${location.origin}/v1/events`;
  const operator = '-H "Authorization: Bearer $OPERATOR_TOKEN"';
  show("create", `curl -X POST ${api} ${operator} \\\n  -d '{"id":"derby"}'`);
  show("list", `curl ${api} ${operator}`);
  show("token", `curl -X POST ${api}/${event.id}/tokens ${operator} \\\n  -d '{"pipeline":"${pipeline.id}"}'`);
  show("push", push(`${pipeline.publishUrl}720p`));
}

function push(rendition) {
  return [
    "ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=25 -re -f lavfi -i sine=frequency=440:sample_rate=48000",
    "  -c:v libx264 -preset ultrafast -b:v 1500k -pix_fmt yuv420p -g 50 -keyint_min 50 -sc_threshold 0",
    "  -c:a aac -b:a 96k -f hls -hls_time 2 -hls_list_size 5 -hls_segment_type fmp4",
    `  -hls_fmp4_init_filename init.mp4 -hls_segment_filename "${rendition}/%d.m4s"`,
    '  -method PUT -headers "Authorization: Bearer $PUBLISH_TOKEN" -ignore_io_errors 1',
    `  "${rendition}/index.m3u8"`,
  ].join(" \\\n");
}

function show(id, text) {
  const block = document.getElementById(id);
  if (block.dataset.text === text) return;
  block.dataset.text = text;
  const copy = document.createElement("button");
  copy.type = "button";
  copy.textContent = "Copy";
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => {
      copy.textContent = "Copy";
    }, COPIED_MS);
  });
  block.replaceChildren(text, copy);
}
