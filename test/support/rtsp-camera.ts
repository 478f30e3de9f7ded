// An RTSP camera for tests: Debian's rtsp-server-perl, FFmpeg publishing into it, cut off and restored at will; and one that pushes.
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer, type Server } from "node:net";
import { expect } from "vitest";

/** FFmpeg's options of what the camera sees, up to and with its encoder. */
export type CameraPicture = readonly string[];

const testPicture: CameraPicture = [
  ...["-re", "-f", "lavfi", "-i", "testsrc=s=320x240:r=15"],
  ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15"],
];

/** Whether the server's program is on this machine; its package is rtsp-server-perl. */
export const isRtspServerHere = Bun.which("rtsp-server-perl") !== null;

export interface RtspCamera extends AsyncDisposable {
  /** Ask it by UDP: the server knows no other transport. */
  readonly url: string;
  /** Server and camera die; who listens loses the connection. */
  cut(): Promise<void>;
  /** Both come back, at the same address. Resolves when the camera can be asked. */
  restore(): Promise<void>;
}

/** Starts a camera; resolves when it can be asked. */
export async function startRtspCamera(picture: CameraPicture = testPicture): Promise<RtspCamera> {
  const [client, source, rtp] = await Promise.all([freePort(), freePort(), freePort()]);
  const url = `rtsp://127.0.0.1:${client}/camera`;
  const local = ["--client_listen_address", "127.0.0.1", "--source_listen_address", "127.0.0.1"];
  const ports = ["-c", `${client}`, "-s", `${source}`, "--rtp_start_port", `${rtp - (rtp % 2)}`];
  let children: ChildProcess[] = [];
  const cut = async () => {
    await Promise.all(children.map(kill));
    children = [];
  };
  const restore = async () => {
    children.push(spawn("rtsp-server-perl", [...local, ...ports, "-l", "0"], { stdio: "ignore" }));
    await until(() => answers(source));
    children.push(publish(picture, `rtsp://127.0.0.1:${source}/camera`, "udp"));
    await until(() => describes(url));
  };
  await restore();
  return { url, cut, restore, [Symbol.asyncDispose]: cut };
}

/** A camera that pushes to whoever listens at `url`, over TCP. */
export function pushCamera(url: string, picture: CameraPicture = testPicture): AsyncDisposable {
  const child = publish(picture, url, "tcp");
  return { [Symbol.asyncDispose]: () => kill(child) };
}

/** A server that answers every request with the same line, such as "401 Unauthorized"; or never, without one. */
export async function startRtspRefusal(status?: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((socket) => {
    socket
      .on("error", () => {})
      .on("data", (data) => {
        const sequence = /^CSeq: *(\d+)/im.exec(String(data))?.[1] ?? "0";
        const challenge = status?.startsWith("401") ? 'WWW-Authenticate: Basic realm="camera"\r\n' : "";
        if (status !== undefined) socket.write(`RTSP/1.0 ${status}\r\nCSeq: ${sequence}\r\n${challenge}\r\n`);
      });
  });
  const port = await listen(server);
  return {
    url: `rtsp://eve:secret@127.0.0.1:${port}/camera`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

/** A port that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

function publish(picture: CameraPicture, url: string, transport: "tcp" | "udp"): ChildProcess {
  const output = ["-an", "-f", "rtsp", "-rtsp_transport", transport, url];
  return spawn("ffmpeg", ["-nostdin", "-v", "error", ...picture, ...output], { stdio: "ignore" });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

/** Another process's state can only be asked for again and again. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) expect.fail("The RTSP server did not come up in 10 s.");
    await Bun.sleep(50);
  }
}

function answers(port: number): Promise<boolean> {
  return ask(port, "").then((said) => said !== undefined);
}

async function describes(url: string): Promise<boolean> {
  const request = `DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`;
  return (await ask(Number(new URL(url).port), request))?.includes("m=video") === true;
}

/** What a server says to a request; "" after an empty one; undefined where there is none. */
function ask(port: number, request: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (request === "" ? done("") : socket.write(request)));
    const done = (said: string | undefined) => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(1000, () => done(undefined));
    socket.on("data", (data) => done(String(data))).on("error", () => done(undefined));
    socket.on("close", () => done(undefined));
  });
}
