// Sockets of text messages (WebSocket), as signalling uses them without a broker.

/** Messages over 256 KiB end the socket. */
export interface TextSocket {
  /** Of the other end, for people and for limits. */
  readonly remoteAddress: string;
  readonly isOpen: boolean;
  /** Dropped when it is closed, or when more than 1 MiB waits to be sent: then it is closed as well. */
  send(text: string): void;
  /** Kept until there is a listener, within bounds. */
  onText(listener: (text: string) => void): void;
  onClose(listener: () => void): void;
  close(): void;
}

export interface TextSocketServer extends AsyncDisposable {
  readonly port: number;
}

export interface TextSockets {
  /** `port` 0 takes a free one. Sockets of one address, and all, are bounded. @throws RemoteMediaError `config-invalid` for an address that can't be listened on */
  listen(
    at: { readonly host: string; readonly port: number },
    onSocket: (socket: TextSocket) => void,
  ): Promise<TextSocketServer>;
  /** `ws://host:port/` or `wss://…`. @throws RemoteMediaError `peer-unreachable` */
  connect(url: string, signal: AbortSignal): Promise<TextSocket>;
}
