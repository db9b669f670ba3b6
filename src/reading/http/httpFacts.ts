/** A request and its response. */
export interface HttpExchange {
  method: string;
  target: string;
  host: string | undefined;
  /** 0 until there is a response. */
  status: number;
  requestPacket: number;
  responsePacket: number;
  /** Nanoseconds since the start of the capture; -1 without a request. */
  requestTime: number;
  responseTime: number;
}

/** Exchanges kept with details for each connection. */
const MAX_EXCHANGES = 20;
/** Requests that may wait for responses at the same time (pipelining). */
const MAX_WAITING = 100;

/** The HTTP messages of a connection. */
export class HttpFacts {
  /** 1.1, 1.0, 0.9, or 2 for HTTP/2. */
  version = '';
  requests = 0;
  responses = 0;
  isGrpc = false;
  readonly statuses = new Map<number, number>();
  readonly exchanges: HttpExchange[] = [];
  /** The longest time from a request to its response in nanoseconds. */
  slowest = 0;
  /** The connection has switched to another protocol (CONNECT, Upgrade). */
  isSwitched = false;
  readonly #waiting: HttpExchange[] = [];

  addRequest(exchange: HttpExchange): void {
    this.requests += 1;
    if (this.exchanges.length < MAX_EXCHANGES) this.exchanges.push(exchange);
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(exchange);
  }

  /** The request that the next response belongs to. A 1xx response does not complete it. */
  get oldestPending(): HttpExchange | undefined {
    return this.#waiting[0];
  }

  /**
   * Call before the first message after a gap. Without pipelining, a response belongs to the last request before it,
   * and a request means that all earlier ones are complete.
   */
  resumeAfterGap(isRequest: boolean): void {
    this.#waiting.splice(0, this.#waiting.length - (isRequest ? 0 : 1));
  }

  addResponse(status: number, packet: number, time: number): void {
    this.responses += 1;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (status >= 100 && status < 200 && status !== 101) return;
    const exchange = this.#waiting.shift() ?? {
      method: '',
      target: '',
      host: undefined,
      status,
      requestPacket: 0,
      responsePacket: packet,
      requestTime: -1,
      responseTime: time,
    };
    if (exchange.requestPacket === 0 && this.exchanges.length < MAX_EXCHANGES)
      this.exchanges.push(exchange);
    exchange.status = status;
    exchange.responsePacket = packet;
    exchange.responseTime = time;
    if (exchange.requestTime >= 0)
      this.slowest = Math.max(this.slowest, time - exchange.requestTime);
  }
}
