import { connect, isIP, type Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';

/**
 * Connects, and no more: to an instance that does not listen yet, which is what most checks of a start find, this costs a
 * tenth of a request that fails.
 * @throws Error with the code of the system, `ETIMEDOUT` after `timeoutMs`
 */
export function connected(host: string, port: number, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => fail(unreachable()), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** TLS over it. Instances sign their certificates themselves; the scheduler told the address. */
export function secured(socket: Socket, host: string, protocols: readonly string[]): TLSSocket {
  return tlsConnect({
    socket,
    rejectUnauthorized: false,
    ALPNProtocols: [...protocols],
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
}

const unreachable = (): Error => Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
