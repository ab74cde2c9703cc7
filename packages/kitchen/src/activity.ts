/**
 * Counts what is going on. `pending` falls when the exchange is over for both sides; the greatest number at once looks
 * at requests whose response has not been handed over completely: a proxy may rightly send the next request in the
 * moment between the last byte of a response and this process hearing that it was written.
 */
export class Activity {
  private served = 0;
  private readonly http = { pending: 0, max: 0, total: 0 };
  private readonly ws = { pending: 0, total: 0 };

  /** `observed` is false for health checks and for `/kitchen-state` itself, which count in the total only. */
  beginRequest(observed: boolean): { handedOver(): void; over(): void } {
    this.http.total++;
    if (!observed) return { handedOver: () => undefined, over: () => undefined };
    this.http.pending++;
    this.http.max = Math.max(this.http.max, ++this.served);
    let serving = true;
    let pending = true;
    const handedOver = (): void => {
      if (serving) this.served--;
      serving = false;
    };
    const over = (): void => {
      handedOver();
      if (pending) this.http.pending--;
      pending = false;
    };
    return { handedOver, over };
  }

  beginWebSocket(): () => void {
    this.ws.total++;
    this.ws.pending++;
    let open = true;
    return () => {
      if (open) this.ws.pending--;
      open = false;
    };
  }

  state(): Record<string, number> {
    return {
      'max-pending-http-requests': this.http.max,
      'pending-http-requests': this.http.pending,
      'pending-ws-requests': this.ws.pending,
      'total-http-requests': this.http.total,
      'total-ws-requests': this.ws.total,
    };
  }
}
