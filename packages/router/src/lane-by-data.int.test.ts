/** The http1 lane once more, reading by 'data': the form it falls back to where node does not allow the other. */
import './testing/without-read-buffers';
import './forward/http1/lane.int.test';
import './limits.int.test';
import './smuggling.int.test';
import './streaming.int.test';
