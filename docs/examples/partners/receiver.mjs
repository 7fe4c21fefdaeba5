// Receives events of Tiaojie over HTTP, and prints each verified event once, as a line of JSON.
//
//   node receiver.mjs [port]           8080 without one; 0 for any that is free
//
// SECRETS (secrets.txt) is a file with one secret a line: the one of the answer to
// POST /v1/subscriptions, and beside it a new one while it is being replaced. It is read for each
// call. EVENTS (events.jsonl) keeps what has been received.
//
// What a receiver has to do, in this order: check the signature of the bytes as they came; keep the
// event under its id, durably; answer 2xx. Then whatever is sent again is known, and nothing is lost.
// Needs Node 20 and no packages. In front of it belongs a proxy with your certificate.

import { createHmac, timingSafeEqual } from "node:crypto";
import { existsSync, openSync, fsyncSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const SECRETS = process.env.SECRETS ?? "secrets.txt";
const EVENTS = process.env.EVENTS ?? "events.jsonl";
const BODY_MOST = 64 * 1024;
const TOLERANCE_SECONDS = 5 * 60;
const VERIFICATION = "cn.tiaojie.subscription.verification.v1";

// --- signatures ------------------------------------------------------------------------------

function isSigned(secret, body, headers) {
  const id = headers["webhook-id"] ?? "";
  const at = headers["webhook-timestamp"] ?? "";
  if (!/^\d{1,12}$/.test(at) || Math.abs(Date.now() / 1000 - Number(at)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  // The bytes as they came: parsing and writing them again would change them.
  const digest = createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest();
  // While a secret is being replaced, a call carries a signature of each, divided by spaces.
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => {
    const [version, words = ""] = signature.split(",");
    const given = Buffer.from(words, "base64");
    return version === "v1" && given.length === digest.length && timingSafeEqual(given, digest);
  });
}

function verified(body, headers) {
  const secrets = existsSync(SECRETS) ? readFileSync(SECRETS, "utf-8").split(/\s+/).filter(Boolean) : [];
  return secrets.some((secret) => isSigned(secret, body, headers)) ? JSON.parse(body) : null;
}

// --- what has been received, each event once -------------------------------------------------

const known = new Set();
const newest = new Map(); // source and subject → the highest sequence so far
const file = openSync(EVENTS, "a+");

function remember(id, event) {
  const about = `${event.source} ${event.subject}`;
  const sequence = Number(event.sequence ?? 0); // test events have none
  const late = (newest.get(about) ?? -1) > sequence;
  known.add(id);
  if (!late) newest.set(about, sequence);
  return late ? "late" : "new";
}

// `again` if it is known; `late` if a later event about the same is; else `new`.
function keep(id, event) {
  if (known.has(id)) return "again";
  writeSync(file, `${JSON.stringify({ id, event })}\n`);
  fsyncSync(file); // durable before the answer says so
  return remember(id, event);
}

for (const line of readFileSync(EVENTS, "utf-8").split("\n").filter(Boolean)) {
  const { id, event } = JSON.parse(line);
  remember(id, event);
}

// --- the server ------------------------------------------------------------------------------

async function bodyOf(request) {
  if (!(Number(request.headers["content-length"]) <= BODY_MOST)) return null;
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

async function answer(request, response) {
  if (request.method !== "POST") return response.writeHead(405).end();
  const body = await bodyOf(request);
  if (body === null) return response.writeHead(413, { Connection: "close" }).end();
  const event = verified(body, request.headers);
  if (event === null) return response.writeHead(401).end();
  if (event.type === VERIFICATION) {
    response.writeHead(200, { "Content-Type": "application/json" });
    return response.end(JSON.stringify({ challenge: event.data.challenge }));
  }
  const outcome = keep(request.headers["webhook-id"], event);
  if (outcome !== "again") console.log(JSON.stringify({ ...event, outcome }));
  return response.writeHead(204).end();
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error.message);
    response.writeHead(500).end(); // it will be sent again
  });
});
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  console.error(`receiving at http://127.0.0.1:${server.address().port}/`);
});
