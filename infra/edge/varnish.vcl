vcl 4.1;

# An edge in front of Headwater's origin, for Varnish 7 with varnish-modules. infra/src/edge.ts fills in each «value», and
# leaves out the lines whose value is not given. Varnish's own arguments say where it listens and how much it keeps.

import std;
import xkey;

backend origin {
  .host = "«originHost»";
  .port = "«originPort»";
  .connect_timeout = 1s;
  # The origin holds a request for a segment still to come for up to 8 s.
  .first_byte_timeout = 12s;
  .between_bytes_timeout = 5s;
  # An origin that hangs is found sick within 8 s; from then on playlists are served stale at once, and nobody waits for
  # a timeout. A path outside the grammar costs the origin no look-up.
  .probe = {
    .request =
      "GET /live/ HTTP/1.1"
      "Host: headwater"
      "Authorization: Bearer «cdnToken»"
      "Connection: close";
    .expected_response = 404;
    .interval = 1s;
    .timeout = 2s;
    .window = 4;
    .threshold = 2;
    .initial = 4;
  }
}

# Who may purge. A TLS terminator on this machine must speak PROXY to us, or every viewer would count as local.
acl purgers {
  "127.0.0.0"/8;
  "::1";
}

# --- Numbers judged here: what stands between the two marks may be left out (--no-judging).
#
# Most requests of a storm are for numbers that cannot be there: far too early, out of the DVR window, before the first or
# after the last. Headwater-Template says so, and every answer of the event brings it. All doubt goes to the origin:
# - a template is used for 10 s after the origin sent it, and only for its own version's URLs;
# - a number is early only if it starts in more than two durations and 10 s: the publisher takes it (epoch, fixed) two
#   durations before its start at the earliest, and we say so for 5 s at most, so no such 404 is left when it comes;
# - a number is gone only if the series has been seen beyond it: the next number of a paused encoder is never gone.
import var;

sub vcl_recv {
  # 12 digits, and those allowed below: what follows stays exact.
  if ((req.method == "GET" || req.method == "HEAD") && req.url ~
      "^/live/[^/?]+/v[0-9]+/[^/?]+/(0|[1-9][0-9]{0,11})\.(m4s|mp4|cmfv|cmfa|cmft|cmfm|ts|aac|vtt)(\?|$)") {
    call judge_number;
  }
  unset req.http.Headwater-Learnt;
}

# Of every event the newest answer's "version time template", under the event's name; and of every series (a path less its
# number) the highest number that was there.
sub vcl_backend_response {
  # Only from what the origin has just made, not from a cache between us (nginx sends a Date of its own), nor with clocks
  # too far apart to judge by.
  std.collect(beresp.http.Cache-Status, ", ");
  if (regsub(beresp.http.Cache-Status, "^headwater;[^,]*", "") !~ "; (hit|detail=judged)" && beresp.http.Headwater-Event-Version ~ "^[0-9]{1,10}$" && bereq.url ~ "^/live/[^/]+/"
      && std.time(beresp.http.Date, now - 1h) > now - 3s && std.time(beresp.http.Date, now - 1h) < now + 3s) {
    if (beresp.http.Headwater-Template ~
        "^dur=[1-9][0-9]{0,8}, scale=[1-9][0-9]{0,5}, start=(-?[0-9]{1,12}|[123][0-9]{12}), first=[0-9]{1,12}, (last=[0-9]{1,12}, )?delay=[0-9]+, window=[0-9]{1,12}(,|$)") {
      var.global_set(regsub(bereq.url, "^/live/([^/]+)/.*$", "\1"), beresp.http.Headwater-Event-Version + " "
        + std.integer(real = std.time2real(now, 0.0) * 1000.0, fallback = 0) + " " + beresp.http.Headwater-Template);
    } else {
      var.global_set(regsub(bereq.url, "^/live/([^/]+)/.*$", "\1"), "");
    }
    if (beresp.status == 200 && bereq.url ~ "^/live/[^/]+/[^/]+/[^/]+/[0-9]{1,12}\.[a-z0-9]+$") {
      set bereq.http.Headwater-Series = regsub(bereq.url, "[0-9]+(\.[a-z0-9]+)$", "\1");
      set bereq.http.Headwater-Number = regsub(bereq.url, "^.*/([0-9]+)\.[a-z0-9]+$", "\1");
      if (std.integer(bereq.http.Headwater-Number, 0) > std.integer(var.global_get(bereq.http.Headwater-Series), -1)) {
        var.global_set(bereq.http.Headwater-Series, bereq.http.Headwater-Number);
      }
    }
  }
}

sub judge_number {
  set req.http.Headwater-Learnt = var.global_get(regsub(req.url, "^/live/([^/]+)/.*$", "\1"));
  if (regsub(req.http.Headwater-Learnt, " .*$", "") != regsub(req.url, "^/live/[^/]+/v([0-9]+)/.*$", "\1")) { return; }
  # In ms. `set_int` of this vmod keeps 32 bits only; REAL holds whole numbers up to 2^53.
  var.set_real("now", std.time2real(now, 0.0) * 1000.0);
  var.set_real("learnt", std.real(integer = std.integer(regsub(req.http.Headwater-Learnt, "^[0-9]+ ([0-9]+) .*$", "\1"), 0)));
  if (var.get_real("now") < var.get_real("learnt") || var.get_real("now") > var.get_real("learnt") + 10000.0) { return; }
  var.set_real("dur", std.real(integer = std.integer(regsub(req.http.Headwater-Learnt, "^.* dur=([0-9]+).*$", "\1"), 0)));
  var.set_real("scale", std.real(integer = std.integer(regsub(req.http.Headwater-Learnt, "^.* scale=([0-9]+).*$", "\1"), 0)));
  var.set_real("zero", std.real(integer = std.integer(regsub(req.http.Headwater-Learnt, "^.* start=(-?[0-9]+).*$", "\1"), 0)));
  var.set_real("first", std.real(integer = std.integer(regsub(req.http.Headwater-Learnt, "^.* first=([0-9]+).*$", "\1"), 0)));
  var.set_real("window", std.real(integer = std.integer(regsub(req.http.Headwater-Learnt, "^.* window=([0-9]+).*$", "\1"), 0)));
  var.set_real("number", std.real(integer = std.integer(
    regsub(req.url, "^/live/[^/]+/[^/]+/[^/]+/([0-9]+)\..*$", "\1"), 0)));
  var.set_real("duration", var.get_real("dur") * 1000.0 / var.get_real("scale"));
  var.set_real("start", var.get_real("zero") + var.get_real("number") * var.get_real("duration"));
  var.set_real("margin", 2.0 * var.get_real("duration") + 10000.0);

  if (req.http.Headwater-Learnt ~ " last=" && var.get_real("number") > std.real(integer = std.integer(regsub(req.http.Headwater-Learnt, "^.* last=([0-9]+).*$", "\1"), 0))) {
    return (synth(1404, "The event ended before this number"));
  }
  # A copy of a number just before the first, sent late, moves the first.
  if (var.get_real("start") + var.get_real("margin")
      < var.get_real("zero") + var.get_real("first") * var.get_real("duration")) {
    return (synth(1404, "The event begins after this number"));
  }
  if (var.get_real("start") > var.get_real("now") + var.get_real("margin")) {
    return (synth(1404, "Not published yet"));
  }
  if (var.get_real("start") + var.get_real("window") + var.get_real("margin") < var.get_real("now")
      && var.get_real("number") < std.real(integer = std.integer(
        var.global_get(regsub(req.url, "^([^?]*/)[0-9]+(\.[a-z0-9]+)(\?.*)?$", "\1\2")), -1))) {
    return (synth(1410, "Older than the DVR window"));
  }
}

sub vcl_synth {
  if (resp.status == 1404 || resp.status == 1410) {
    set resp.http.Headwater-Max-Age-Ms = "5000";
    set resp.http.Cache-Control = "public, max-age=5, s-maxage=5, stale-while-revalidate=0";
    set resp.http.CDN-Cache-Control = "max-age=5";
    set resp.http.Headwater-Event-Version = regsub(req.http.Headwater-Learnt, " .*$", "");
    set resp.http.Headwater-Template = regsub(req.http.Headwater-Learnt, "^[0-9]+ [0-9]+ ", "");
    set resp.http.Cache-Status = "varnish; detail=judged";
    set resp.http.Access-Control-Allow-Origin = "*";
    set resp.http.Access-Control-Expose-Headers = "Headwater-Max-Age-Ms, Headwater-Event-Version, Headwater-Template, Headwater-Notifications, Headwater-Pipeline, Headwater-Region, Headwater-Init, Headwater-Defects, "
      + "Surrogate-Key, Cache-Tag, Cache-Status, Server-Timing, CDN-Cache-Control, ETag, Last-Modified, Accept-Ranges, Content-Length, Content-Range, Date, Age, Retry-After";
    set resp.http.Content-Type = "application/problem+json";
    set resp.body = {"{"type":"about:blank","title":""} + resp.reason + {"","status":"} + (resp.status - 1000) + "}";
    set resp.status = resp.status - 1000;
    return (deliver);
  }
}
# --- End of the numbers judged here.

sub vcl_recv {
  if (req.method == "PURGE") {
    if (client.ip !~ purgers) { return (synth(403, "Not allowed")); }
    if (!req.http.xkey) { return (synth(400, "The header xkey names what is purged")); }
    return (synth(200, "Purged " + xkey.purge(req.http.xkey)));
  }
  if (req.method != "GET" && req.method != "HEAD" && req.method != "OPTIONS") { return (synth(405, "Not allowed")); }

  # The origin knows no viewers: nothing of a viewer may reach it, or part one object into many.
  unset req.http.Cookie;
  unset req.http.Authorization;
  set req.http.Host = "headwater";
  call normalise_query;
  if (req.method == "OPTIONS") { return (pass); }

  # Nothing is served past its time, but playlists are while the origin fails. `Headwater-Failed` marks the second try
  # of a request whose first try failed.
  set req.grace = 0s;
  if (req.restarts == 0) { unset req.http.Headwater-Failed; }
  if (req.url ~ "\.m3u8(\?|$)" && (req.http.Headwater-Failed || !std.healthy(req.backend_hint))) {
    set req.grace = 30s;
  }
  return (hash);
}

# Only playlists take a query, and of it only these names; in one order, so that one answer has one key.
sub normalise_query {
  if (req.url !~ "\?") { return; }
  set req.http.Headwater-Query = "";
  if (req.url ~ "^[^?]*\.m3u8\?") {
    if (req.url ~ "[?&]window=") {
      set req.http.Headwater-Query = req.http.Headwater-Query + "&window=" + regsub(req.url, "^.*?[?&]window=([^&]*).*$", "\1");
    }
    if (req.url ~ "[?&]from=") {
      set req.http.Headwater-Query = req.http.Headwater-Query + "&from=" + regsub(req.url, "^.*?[?&]from=([^&]*).*$", "\1");
    }
    if (req.url ~ "[?&]to=") {
      set req.http.Headwater-Query = req.http.Headwater-Query + "&to=" + regsub(req.url, "^.*?[?&]to=([^&]*).*$", "\1");
    }
    if (req.url ~ "[?&]_HLS_msn=") {
      set req.http.Headwater-Query = req.http.Headwater-Query + "&_HLS_msn=" + regsub(req.url, "^.*?[?&]_HLS_msn=([^&]*).*$", "\1");
    }
    if (req.url ~ "[?&]_HLS_skip=") {
      set req.http.Headwater-Query = req.http.Headwater-Query + "&_HLS_skip=" + regsub(req.url, "^.*?[?&]_HLS_skip=([^&]*).*$", "\1");
    }
  }
  set req.url = regsub(req.url, "\?.*$", "") + regsub(req.http.Headwater-Query, "^&", "?");
  unset req.http.Headwater-Query;
}

# The URL alone names an answer; the built-in key has the Host in it as well.
sub vcl_hash {
  hash_data(req.url);
  return (lookup);
}

sub vcl_backend_fetch {
  set bereq.http.Authorization = "Bearer «cdnToken»";
}

sub vcl_backend_response {
  # A fresh failure must not take the place of the stale playlist that is to be served instead. A blocking reload has none,
  # as its number is new: asked for once more, the origin would hold it as long again, and players would give up.
  if (beresp.status >= 500 && bereq.url ~ "\.m3u8(\?|$)"
      && (bereq.is_bgfetch || !(bereq.http.Headwater-Failed || bereq.url ~ "[?&]_HLS_msn="))) {
    return (abandon);
  }
  unset beresp.http.Set-Cookie;
  set beresp.http.xkey = beresp.http.Surrogate-Key;
  set beresp.grace = 0s;
  set beresp.keep = 0s;

  if (beresp.http.Cache-Control ~ "no-store" || beresp.http.Headwater-Max-Age-Ms !~ "^[0-9]{1,13}$") {
    # Not kept; and for 1 s the URL's requests do not queue for one another. Varnish would make that 120 s, in which a
    # segment that has come meanwhile would be fetched once for every viewer.
    set beresp.uncacheable = true;
    set beresp.ttl = 1s;
    return (deliver);
  }
  # To the millisecond, and for every status: Varnish by itself counts whole seconds and never keeps a 503.
  set beresp.ttl = std.duration(beresp.http.Headwater-Max-Age-Ms + "ms", 1s);
  # With no lifetime at all, those who waited for this answer would ask for it again, one after another.
  if (beresp.ttl < 50ms) { set beresp.ttl = 50ms; }
  if (beresp.status == 200 && bereq.url ~ "\.m3u8(\?|$)") { set beresp.grace = 30s; }
  return (deliver);
}

# The origin was not to be reached, or hung up.
sub vcl_backend_error {
  # Another of its processes may take the request.
  if (bereq.retries == 0 && std.healthy(bereq.backend)) { return (retry); }
  if (bereq.url ~ "\.m3u8(\?|$)" && (bereq.is_bgfetch || !bereq.http.Headwater-Failed)) { return (abandon); }
  set beresp.status = 503;
  set beresp.http.Retry-After = "1";
  set beresp.http.Headwater-Max-Age-Ms = "1000";
  set beresp.http.Cache-Control = "public, max-age=1, s-maxage=1, stale-while-revalidate=0";
  set beresp.http.Access-Control-Allow-Origin = "*";
  set beresp.http.Content-Type = "application/problem+json";
  set beresp.body = """{"status":503,"title":"The origin does not answer"}""";
  # Kept for a moment, so that a storm stays here while the origin is away.
  set beresp.ttl = 1s;
  set beresp.grace = 0s;
  set beresp.keep = 0s;
  return (deliver);
}

sub vcl_synth {
  # A playlist could not be fetched: once more, and this time a stale one will do.
  if (resp.status == 503 && req.restarts == 0 && req.url ~ "\.m3u8(\?|$)") {
    set req.http.Headwater-Failed = "1";
    return (restart);
  }
  set resp.http.Cache-Control = "max-age=0, no-store";
  set resp.http.Access-Control-Allow-Origin = "*";
  set resp.http.Content-Type = "text/plain; charset=utf-8";
  set resp.body = resp.reason + {"
"};
  return (deliver);
}

sub vcl_deliver {
  unset resp.http.xkey;
  if (obj.hits > 0) {
    set resp.http.Cache-Status = regsub(resp.http.Cache-Status + ", varnish; hit", "^, ", "");
    # What is left of it: a cache behind this one must not begin anew.
    if (obj.ttl > 0s) {
      set resp.http.Headwater-Max-Age-Ms = std.integer(real = std.real(duration = obj.ttl, fallback = 0.0) * 1000.0, fallback = 0);
    } else {
      set resp.http.Headwater-Max-Age-Ms = "0";
    }
  } else {
    set resp.http.Cache-Status = regsub(resp.http.Cache-Status + ", varnish; fwd=miss", "^, ", "");
  }
  return (deliver);
}
