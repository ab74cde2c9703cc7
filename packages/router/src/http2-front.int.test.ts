/** What tokens demand, once more by HTTP/2. */
import './testing/through-http2';
import './tokens-in-the-path.int.test';
