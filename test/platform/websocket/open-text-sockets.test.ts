// Text sockets against real peers: what they carry, what they refuse, and what ends them.
import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { TextSocket, TextSocketServer } from "../../../platform/contract/text-socket.ts";
import { openTextSockets } from "../../../platform/websocket/open-text-sockets.ts";
import { failure } from "../../support/failure.ts";

const sockets = openTextSockets();
const never = new AbortController().signal;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listen(onSocket: (socket: TextSocket) => void): Promise<TextSocketServer> {
  const server = await sockets.listen({ host: "127.0.0.1", port: 0 }, onSocket);
  ends.push(() => server[Symbol.asyncDispose]());
  return server;
}

const urlOf = ({ port }: TextSocketServer) => `ws://127.0.0.1:${port}`;
const echo = (socket: TextSocket) => socket.onText((text) => socket.send(text));

function closed(socket: TextSocket): Promise<void> {
  return new Promise((resolve) => socket.onClose(resolve));
}

function nextText(socket: TextSocket): Promise<string> {
  return new Promise((resolve) => socket.onText(resolve));
}

test("texts arrive as they were sent, both ways", async () => {
  const socket = await sockets.connect(urlOf(await listen(echo)), never);
  const text = "ü".repeat(100_000);
  socket.send(text);
  expect(await nextText(socket)).toBe(text);
});

test.each(["near", "far"] as const)("a text that is too large ends the socket of the %s end", async (end) => {
  const large = "x".repeat(300 * 1024);
  const server = await listen((socket) => (end === "near" ? socket.send(large) : echo(socket)));
  const socket = await sockets.connect(urlOf(server), never);
  if (end === "far") socket.send(large);
  await closed(socket);
  expect(socket.isOpen).toBe(false);
});

test("what a listener throws closes its own socket and no other", async () => {
  const server = await listen((socket) =>
    socket.onText((text) => {
      if (text === "throw") throw new Error("of the test");
      socket.send(text);
    }),
  );
  const [bad, good] = [
    await sockets.connect(urlOf(server), never),
    await sockets.connect(urlOf(server), never),
  ];
  bad.send("throw");
  await closed(bad);
  good.send("still here");
  expect(await nextText(good)).toBe("still here");
});

test("one address has at most 16 sockets, and a closed one makes room", async () => {
  const server = await listen(echo);
  const open: TextSocket[] = [];
  for (let i = 0; i < 16; i++) open.push(await sockets.connect(urlOf(server), never));
  expect((await failure(sockets.connect(urlOf(server), never))).code).toBe("peer-unreachable");
  const end = closed(open[0]!);
  open[0]!.close();
  await end;
  await expect
    .poll(() =>
      sockets.connect(urlOf(server), never).then(
        () => "open",
        () => "full",
      ),
    )
    .toBe("open");
});

test("web pages are refused, and a plain GET is told what this is", async () => {
  const server = await listen(echo);
  const at = `http://127.0.0.1:${server.port}/`;
  const upgrade = { connection: "upgrade", upgrade: "websocket" };
  expect((await fetch(at, { headers: { ...upgrade, origin: "https://evil.example" } })).status).toBe(403);
  const plain = await fetch(at);
  expect([plain.status, await plain.text()]).toEqual([426, expect.stringContaining("WebSocket")]);
});

test("a port that is taken is the configuration's fault", async () => {
  const { port } = await listen(echo);
  const error = await failure(sockets.listen({ host: "127.0.0.1", port }, echo));
  expect(error.code).toBe("config-invalid");
});

test.each(["", "http://127.0.0.1:1", "ws://", "ws://a b/", "ws://127.0.0.1:99999", "ws://127.0.0.1:1"])(
  "nobody is reached at %j",
  async (url) => {
    expect((await failure(sockets.connect(url, never))).code).toBe("peer-unreachable");
  },
);

test("who asked may give up on a peer that takes the connection and says nothing", async () => {
  const hole = createServer(() => {});
  await new Promise<void>((resolve) => hole.listen(0, "127.0.0.1", resolve));
  ends.push(() => hole.close());
  const stop = new AbortController();
  hole.once("connection", (connection) => {
    ends.push(() => connection.destroy());
    stop.abort();
  });
  const address = hole.address();
  const port = typeof address === "object" ? address?.port : 0;
  expect((await failure(sockets.connect(`ws://127.0.0.1:${port}`, stop.signal))).message).toContain(
    "given up",
  );
});
