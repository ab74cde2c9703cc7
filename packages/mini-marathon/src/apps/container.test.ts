import { withVersions } from './change';
import { portCount, servicePortsOf, type AppInput } from './definition';
import { normalise } from './normalise';

const V1 = '2020-01-01T00:00:00.000Z';
const V2 = '2020-01-01T00:00:01.000Z';

function app(input: AppInput, previous?: ReturnType<typeof normalise>) {
  let nextPort = previous === undefined ? 10_000 : 15_000;
  return normalise(input, '/x', previous, previous, () => nextPort++, previous === undefined ? V1 : V2);
}

const bridged: AppInput = {
  container: {
    type: 'DOCKER',
    docker: {
      image: 'nginx',
      network: 'BRIDGE',
      portMappings: [{ containerPort: 80 }, { servicePort: 9000 }],
    },
  },
};

describe('the container of an app (what /v2/apps shows since 1.5)', () => {
  it('has its ports beside docker and its network in networks, wherever an older client writes them', () => {
    const shown = app(bridged);
    expect(shown.container).toEqual({
      type: 'DOCKER',
      volumes: [],
      docker: { image: 'nginx', forcePullImage: false, parameters: [], privileged: false },
      portMappings: [
        { containerPort: 80, hostPort: 0, labels: {}, protocol: 'tcp', servicePort: 10_000 },
        { containerPort: 0, hostPort: 0, labels: {}, protocol: 'tcp', servicePort: 9000 },
      ],
    });
    expect(shown.networks).toEqual([{ mode: 'container/bridge' }]);
    expect(shown).not.toHaveProperty('portDefinitions');
    expect([portCount(shown), servicePortsOf(shown)]).toEqual([2, [10_000, 9000]]);
  });

  it('is unchanged when the same is sent again, in the old form or in the one that is shown', () => {
    const before = app(bridged);
    expect(withVersions(before, app(bridged, before), V2)).toBe(before);
    const { container, networks } = before;
    expect(withVersions(before, app({ container, networks }, before), V2)).toBe(before);
  });

  it('on a bridge has one port at least; back on the network of the host the app has its own', () => {
    const before = app({ container: { type: 'DOCKER', docker: { image: 'nginx', network: 'BRIDGE' } } });
    expect(before.container?.['portMappings']).toEqual([
      { containerPort: 0, hostPort: 0, labels: {}, name: 'default', protocol: 'tcp', servicePort: 10_000 },
    ]);
    const after = app({ container: { docker: { image: 'nginx' } }, networks: [{ mode: 'host' }] }, before);
    expect(after.portDefinitions).toEqual([{ port: 15_000, protocol: 'tcp', labels: {}, name: 'default' }]);
  });

  it('on the network of the host has the ports of the app', () => {
    const shown = app({ container: { docker: { image: 'nginx', network: 'HOST' } }, ports: [0] });
    expect(shown.container).toEqual({
      type: 'MESOS',
      volumes: [],
      docker: { image: 'nginx', forcePullImage: false },
    });
    expect(shown.networks).toEqual([{ mode: 'host' }]);
    expect(servicePortsOf(shown)).toEqual([10_000]);
  });

  it('has as many ports as the app asks for, and none of its own on the network of the host', () => {
    const docker = { image: 'nginx' };
    const asked = app({ container: { docker }, networks: [{ mode: 'container/bridge' }], ports: [0, 0] });
    expect([portCount(asked), asked.portDefinitions]).toEqual([2, undefined]);
    const hosted = app({ container: { docker, portMappings: [{ containerPort: 80 }] } });
    expect(hosted.container).not.toHaveProperty('portMappings');
    expect(hosted.portDefinitions).toMatchObject([{ name: 'default' }]);
  });

  it('on a network of its own is named by ipAddress', () => {
    const labels = { a: 'b' };
    const shown = app({
      container: { type: 'DOCKER', docker: { image: 'nginx', network: 'USER' } },
      ipAddress: { networkName: 'dcos', labels },
    });
    expect(shown.networks).toEqual([{ mode: 'container', name: 'dcos', labels }]);
  });

  it('has the ports that ipAddress would have discovered', () => {
    const ports = [
      { number: 80, name: 'http', protocol: 'tcp' },
      { number: 53, name: 'dns', protocol: 'udp' },
    ];
    const shown = app({ cmd: 'a', ipAddress: { networkName: 'dcos', discovery: { ports } } });
    expect(shown.container).toMatchObject({
      type: 'MESOS',
      portMappings: [
        { containerPort: 80, name: 'http', protocol: 'tcp', servicePort: 10_000 },
        { containerPort: 53, name: 'dns', protocol: 'udp', servicePort: 10_001 },
      ],
    });
    const mesos = app({
      container: { type: 'MESOS', docker: { image: 'i' } },
      ipAddress: { discovery: { ports } },
    });
    expect(mesos.container).toMatchObject({
      docker: { image: 'i' },
      portMappings: [{ containerPort: 80 }, {}],
    });
  });
});
