import { testLanes } from './router-under-test';

/** Imported first, it lets the http1 lane read by 'data' in the tests of the files that are imported after it. */
testLanes.readBuffers = false;
