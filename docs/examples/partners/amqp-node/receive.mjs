// Receives the events of your own queue.
//
//   AMQP_URL=amqps://user:password@host:5671/vhost QUEUE=tiaojie.partner.amqp_… node receive.mjs
//
// Both are in the answer to POST /v1/amqp-credentials. An event is acknowledged once it has been
// dealt with, so a crash in between brings it again: what has been seen is known by its id.

import { setTimeout as pause } from "node:timers/promises";
import amqp from "amqplib";

const { AMQP_URL, QUEUE } = process.env;
const PREFETCH = 50; // events in hand at a time; without a limit the broker sends 2,000
const SEEN_MOST = 10_000;
const REFUSED = /ACCESS.REFUSED/;

// Your own store, unique by id, in real life: it must outlive this program.
const seen = new Set();

function deal(event, cursor) {
  // `cursor` is the event's place in GET /v1/events: keep it, and after an overflow the feed gives
  // you what your queue had to drop.
  console.log(JSON.stringify({ id: event.id, type: event.type, subject: event.subject, cursor }));
}

function onMessage(channel, message) {
  if (message === null) {
    channel.connection.close(); // the queue is gone
    return;
  }
  const event = JSON.parse(message.content.toString("utf-8"));
  if (!seen.has(event.id)) {
    deal(event, message.properties.headers.cursor);
    seen.add(event.id);
    if (seen.size > SEEN_MOST) seen.delete(seen.values().next().value);
  }
  channel.ack(message);
}

async function receiveUntilClosed() {
  const connection = await amqp.connect(AMQP_URL, { heartbeat: 20, timeout: 10_000 });
  const closed = new Promise((resolve) => connection.once("close", resolve));
  connection.on("error", (error) => console.error(`connection: ${error.message}`));
  const channel = await connection.createChannel();
  channel.on("error", (error) => console.error(`channel: ${error.message}`));
  channel.on("close", () => connection.close().catch(() => {}));
  await channel.prefetch(PREFETCH);
  await channel.consume(QUEUE, (message) => onMessage(channel, message));
  console.error("receiving");
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => connection.close());
  await closed;
}

let stopping = false;
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => { stopping = true; });

for (let failures = 0; !stopping; ) {
  const began = Date.now();
  try {
    await receiveUntilClosed();
  } catch (error) {
    console.error(error.message);
    if (REFUSED.test(error.message)) process.exit(1); // revoked, or a password of yesterday
  }
  failures = Date.now() - began > 60_000 ? 0 : Math.min(failures + 1, 6);
  if (!stopping) await pause(Math.random() * 1000 * 2 ** failures);
}
