// Finding services on the local network without a server: mDNS and DNS-SD.

export interface Service {
  /** The instance's name. */
  readonly name: string;
  readonly host: string;
  /** As they came; untrusted. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
}

/** @see RFC 6762, RFC 6763 */
export interface Discovery extends AsyncDisposable {
  /** `type` such as `_remotemedia._tcp`. Says goodbye when this is disposed. */
  advertise(type: string, service: Pick<Service, "name" | "port" | "txt">): void;
  /** Told each service when it appears or changes, and its name when it says goodbye or is silent beyond its time to live. At most 256 are kept. */
  browse(type: string, onFound: (service: Service) => void, onLost: (name: string) => void): void;
}
