// Tries with a partner's credentials what a partner may not do, and prints what became of it.

import { createRequire } from "node:module";
import { join } from "node:path";

const { AMQP_URL, QUEUE, OTHER_QUEUE, EXCHANGE, EXAMPLE } = process.env;
const amqp = createRequire(join(EXAMPLE, "receive.mjs"))("amqplib");

const probes = {
  "read its own queue": (channel) => channel.get(QUEUE),
  "read another queue": (channel) => channel.get(OTHER_QUEUE),
  "publish to its own queue": (channel) => published(channel, "", QUEUE),
  "publish an event": (channel) => published(channel, EXCHANGE, "case.accepted.37.01.02"),
  "declare a queue": (channel) => channel.assertQueue("tiaojie.partner.mine"),
  "declare an exchange": (channel) => channel.assertExchange("tiaojie.mine", "topic"),
  "bind its queue to everything": (channel) => channel.bindQueue(QUEUE, EXCHANGE, "#"),
  "delete its queue": (channel) => channel.deleteQueue(QUEUE),
};

async function published(channel, exchange, key) {
  channel.publish(exchange, key, Buffer.from("{}"));
  await channel.waitForConfirms();
}

const connection = await amqp.connect(AMQP_URL);
const found = {};
for (const [name, act] of Object.entries(probes)) {
  const channel = await connection.createConfirmChannel();
  const refused = new Promise((resolve) => channel.once("error", (error) => resolve(error.code)));
  found[name] = await Promise.race([refused, act(channel).then(() => "allowed", () => refused)]);
}
await connection.close();
console.log(JSON.stringify(found));
