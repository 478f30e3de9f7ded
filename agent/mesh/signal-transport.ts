// A way that signals take: a broker, a socket. It carries them and believes nothing; `SignalGate` does the looking.

/** Where a signal came from, and goes back to. */
export interface SignalRoute {
  /** For people, such as `mqtt` or `ws://10.0.0.7:7400`. */
  readonly name: string;
  readonly isOpen: boolean;
  /** Never throws; what can't be sent is lost, as on any network. `method` is for ways that name what they carry. */
  send(to: string, method: string, envelope: string): void;
}

export interface SignalEvents {
  /** A signal as it came. */
  onSignal(envelope: string, route: SignalRoute): void;
  /** A way to somebody unknown has opened: it wants to hear who we are. */
  onRoute(route: SignalRoute): void;
  /** Somebody says that a device is there, or gone: worth an attempt, and no more. */
  onDevice(device: string, isThere: boolean): void;
}

export interface SignalTransport extends AsyncDisposable {
  readonly name: string;
  /** Called once, before anything else. */
  start(events: SignalEvents): void;
  /** The way to a device, where this transport can reach any by its id alone. */
  routeTo(device: string): SignalRoute | undefined;
}
