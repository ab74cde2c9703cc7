/** The request path once more, with the general lane alone: it is the oracle of the others. */
import './testing/without-http1-lane';
import './back-pressure.int.test';
import './disconnects.int.test';
import './drain.int.test';
import './leftovers.int.test';
import './limits.int.test';
import './request-path.int.test';
import './smuggling.int.test';
import './smuggling-corpus.int.test';
import './streaming.int.test';
import './timeouts.int.test';
import './tokens-in-the-path.int.test';
