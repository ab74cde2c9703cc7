import { testLanes } from './router-under-test';

/** Imported first, it sends the tests of the files that are imported after it through the general lane. */
testLanes.http1 = false;
