// `node receiver.mjs PORT`: every partner's endpoint at once, quick enough not to be the limit.
//
// POST /hook/N    a delivery; noted once its body has come whole
// POST /hang/N    the same, but never answered
// POST /begin     forget what arrived
// GET  /count     {"arrived": to /hook/, "hanging": to /hang/, "bytes": of the bodies that arrived}
// GET  /arrivals  a line for each delivery to /hook/: path, webhook-id, milliseconds since 1970

import http from "node:http";

let arrivals = [];
let hanging = 0;
let bytes = 0;

function note(path, id) {
  arrivals.push([path, id, performance.timeOrigin + performance.now()]);
}

function arrived(request, response, length) {
  const path = request.url;
  if (path.startsWith("/hook/")) {
    bytes += length;
    note(path, request.headers["webhook-id"]);
    response.end("ok");
  } else if (path.startsWith("/hang/")) {
    hanging += 1;
  } else if (path === "/begin") {
    [arrivals, hanging, bytes] = [[], 0, 0];
    response.end("begun");
  } else if (path === "/count") {
    response.end(JSON.stringify({ arrived: arrivals.length, hanging, bytes }));
  } else if (path === "/arrivals") {
    response.end(arrivals.map((each) => each.join(" ")).join("\n"));
  } else {
    response.writeHead(404).end();
  }
}

function serve(request, response) {
  let length = 0;
  request.on("data", (part) => (length += part.length));
  request.on("end", () => arrived(request, response, length));
}

const server = http.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, serve);
server.maxConnections = 20_000;
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
