// A way that signals take: a broker, a socket. It carries them and believes nothing; `SignalGate` does the looking.

/** Where a signal came from, and goes back to. */
export interface SignalRoute {
  /** For people, such as `mqtt` or `ws://10.0.0.7:7400`. */
  readonly name: string;
  readonly isOpen: boolean;
  /** Never throws; what can't be sent is lost, as on any network. `method` is for ways that name what they carry. */
  send(to: string, method: string, envelope: string): void;
}

/** A signal as it came: text, and the way back. */
export type SignalListener = (envelope: string, route: SignalRoute) => void;

export interface SignalTransport extends AsyncDisposable {
  readonly name: string;
  /** There is one listener. */
  onSignal(listener: SignalListener): void;
  /** The way to a device, if this transport has one now. */
  routeTo(device: string): SignalRoute | undefined;
  /** Told when `routeTo` may have a new answer. */
  onRoutes(listener: () => void): void;
}
