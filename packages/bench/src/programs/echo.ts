/**
 * `node echo.js <port>`: an instance that sends WebSocket messages back, as cheaply as can be: on bare sockets, and it understands
 * no more of RFC 6455 than this needs: masked frames of up to 125 bytes, one message each.
 */
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const HEAD_BYTES = 2;
const MASK_BYTES = 4;

const REPLY = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World\n';

function acceptText(key: string): string {
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** @returns the frame that goes back and the end of the one that came; null: it is not complete */
function echoOf(bytes: Buffer, from: number): { readonly frame: Buffer; readonly end: number } | null {
  if (bytes.length - from < HEAD_BYTES) return null;
  const length = (bytes[from + 1] as number) & 0x7f;
  const start = from + HEAD_BYTES + MASK_BYTES;
  const end = start + length;
  if (bytes.length < end) return null;
  const frame = Buffer.allocUnsafe(HEAD_BYTES + length);
  frame[0] = bytes[from] as number;
  frame[1] = length;
  for (let i = 0; i < length; i += 1) {
    frame[HEAD_BYTES + i] =
      (bytes[start + i] as number) ^ (bytes[start - MASK_BYTES + (i % MASK_BYTES)] as number);
  }
  return { frame, end };
}

function serve(socket: Socket): void {
  let open = false;
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    if (!open) {
      const head = rest.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      rest = Buffer.alloc(0);
      const key = /\r\nsec-websocket-key: (\S+)\r\n/i.exec(head)?.[1];
      open = key !== undefined;
      socket.write(key === undefined ? REPLY : acceptText(key));
      return;
    }
    let at = 0;
    for (let echo = echoOf(rest, at); echo !== null; echo = echoOf(rest, at)) {
      socket.write(echo.frame);
      at = echo.end;
    }
    rest = rest.subarray(at);
  });
}

createServer({ noDelay: true }, serve).listen(Number(process.argv[2]), '127.0.0.1', 4_096);
