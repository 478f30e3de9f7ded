// libdatachannel, loaded at its first use: it is a native addon, and most runs need none.
import { RemoteMediaError } from "../base/error.ts";

type Library = typeof import("node-datachannel");

let loaded: Promise<Library> | undefined;

/** @throws RemoteMediaError `peer-unreachable` where there is no addon for this machine */
export function loadLibrary(): Promise<Library> {
  loaded ??= import("node-datachannel").then(
    (library) => {
      // Its complaints are about single packets and links; what matters of them reaches the links' ends.
      library.initLogger("Fatal", () => {});
      return library;
    },
    (cause: unknown) => {
      loaded = undefined;
      const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
      throw new RemoteMediaError("peer-unreachable", `WebRTC can't be loaded on this machine: ${why}`, {
        cause,
        hint: "peers can't be reached from here; nodes run on this machine only",
      });
    },
  );
  return loaded;
}

/** The library's version, such as `0.24.5`. @throws RemoteMediaError as `loadLibrary` */
export async function webrtcVersion(): Promise<string> {
  return (await loadLibrary()).getLibraryVersion();
}
