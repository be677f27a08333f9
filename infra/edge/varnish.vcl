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
  # A fresh failure must not take the place of the stale playlist that is to be served instead.
  if (beresp.status >= 500 && bereq.url ~ "\.m3u8(\?|$)" && (bereq.is_bgfetch || !bereq.http.Headwater-Failed)) {
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
