/**
 * `node sink.js <port>`: an instance that reads each request body to its end before it answers, as cheaply as can be:
 * nginx would answer first. It understands no more of HTTP than this needs: one request at a time, Content-Length.
 */
import { createServer, type Socket } from 'node:net';

const REPLY = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World\n';
const HEAD_END = '\r\n\r\n';

function serve(socket: Socket): void {
  let head = '';
  let left = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    if (left > 0) {
      left -= bytes.length;
    } else {
      head += bytes.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? '0';
      left = Number(length) - (head.length - end - HEAD_END.length);
      head = '';
    }
    if (left === 0) socket.write(REPLY, 'latin1');
  });
}

createServer({ noDelay: true }, serve).listen(Number(process.argv[2]), '127.0.0.1', 4_096);
