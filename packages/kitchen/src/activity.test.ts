import { Activity } from './activity';

describe('Activity', () => {
  it('reports the greatest number at once, whatever the order of ends', () => {
    const activity = new Activity();
    const [first, second] = [activity.beginRequest(true), activity.beginRequest(true)];
    first.over();
    const third = activity.beginRequest(true);
    expect(activity.state()).toMatchObject({ 'pending-http-requests': 2, 'max-pending-http-requests': 2 });
    for (const request of [first, second, third, third]) request.over();
    expect(activity.state()).toMatchObject({ 'pending-http-requests': 0, 'total-http-requests': 3 });
  });

  it('does not count a request whose response is handed over as served, only as pending', () => {
    const activity = new Activity();
    const first = activity.beginRequest(true);
    first.handedOver();
    activity.beginRequest(true);
    expect(activity.state()).toMatchObject({ 'pending-http-requests': 2, 'max-pending-http-requests': 1 });
  });

  it('counts unobserved requests in the total only', () => {
    const activity = new Activity();
    activity.beginRequest(false);
    expect(activity.state()).toMatchObject({ 'pending-http-requests': 0, 'total-http-requests': 1 });
  });
});
