import { testFront } from './call';

/** Imported first, it lets the tests of the files that are imported after it speak HTTP/2. */
testFront.http2 = true;
