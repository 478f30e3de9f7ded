// The echo over node-datachannel as it is: one channel, pieces of 64 KiB, nothing of ours.
import { type DataChannel, PeerConnection } from "node-datachannel";
import { EchoLedger, type EchoPeer, type EchoWay, startEchoPeer } from "./echo-way.ts";

const pieceBytes = 64 * 1024;
const highWaterBytes = 4 * 1024 * 1024;

type Signal = { sdp: string; type: string } | { candidate: string; mid: string };

function joinSignals(connection: PeerConnection, send: (signal: Signal) => void) {
  connection.onLocalDescription((sdp, type) => send({ sdp, type }));
  connection.onLocalCandidate((candidate, mid) => send({ candidate, mid }));
  return (signal: Signal) => {
    if ("sdp" in signal) connection.setRemoteDescription(signal.sdp, signal.type as "offer");
    else connection.addRemoteCandidate(signal.candidate, signal.mid);
  };
}

export async function openRawEcho(): Promise<EchoWay> {
  const peer: EchoPeer = startEchoPeer("raw");
  await peer.next();
  const connection = new PeerConnection("raw", { iceServers: [] });
  const accept = joinSignals(connection, (signal) => peer.send(signal));
  // The answer says `active`: its DTLS is late now and then, so that one connect takes a second. It is not timed.
  peer.onMessage((signal) => accept(signal as Signal));
  const channel = connection.createDataChannel("echo");
  const ledger = new EchoLedger();
  channel.onMessage((message) => ledger.came((message as Buffer).length));
  await new Promise<void>((resolve) => channel.onOpen(resolve));
  const room = waitForRoom(channel);
  return {
    name: "raw node-datachannel",
    echo: async (bytes) => {
      const back = ledger.expect(bytes.length);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        channel.sendMessageBinary(bytes.subarray(at, at + pieceBytes));
        if (channel.bufferedAmount() > highWaterBytes) await room();
      }
      await back;
    },
    pid: peer.pid,
    close: async () => {
      connection.close();
      peer.kill();
    },
  };
}

/** Resolves when what is buffered has fallen to 1 MiB. */
function waitForRoom(channel: DataChannel): () => Promise<void> {
  let waiting: (() => void)[] = [];
  channel.setBufferedAmountLowThreshold(1024 * 1024);
  channel.onBufferedAmountLow(() => {
    const called = waiting;
    waiting = [];
    for (const resolve of called) resolve();
  });
  return () =>
    new Promise((resolve) => {
      if (channel.bufferedAmount() <= highWaterBytes) resolve();
      else waiting.push(resolve);
    });
}

/** The other process's part. */
export function serveRawEcho(): void {
  const connection = new PeerConnection("echo", { iceServers: [] });
  const accept = joinSignals(connection, (signal) => process.send?.(signal));
  let held: DataChannel | undefined;
  const backlog: Buffer[] = [];
  connection.onDataChannel((channel) => {
    held = channel;
    channel.setBufferedAmountLowThreshold(1024 * 1024);
    const pump = () => {
      while (backlog.length > 0 && channel.bufferedAmount() < highWaterBytes)
        channel.sendMessageBinary(backlog.shift()!);
    };
    channel.onBufferedAmountLow(pump);
    channel.onMessage((message) => {
      backlog.push(message as Buffer);
      pump();
    });
  });
  process.on("message", (signal) => accept(signal as Signal));
  process.on("disconnect", () => {
    held?.close();
    process.exit(0);
  });
  process.send?.("ready");
}
