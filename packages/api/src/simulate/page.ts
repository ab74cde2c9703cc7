import { escapeHtml } from '@waiter/core';
import { DISTRIBUTION_KINDS, PATTERN_KINDS, POLICY_NAMES } from '@waiter/scaling';

/** Nothing from elsewhere, no inline script or style; what a simulation answers cannot run. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** On top of the style of reports. */
export const PAGE_STYLE = `
form { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .5rem 1rem; align-items: end; }
form label { display: grid; font-size: .85rem; color: #444; } form .wide { grid-column: 1 / -1; }
input, select, textarea { font: inherit; padding: .2rem .4rem; border: 1px solid #bbb; border-radius: 3px; box-sizing: border-box; width: 100%; }
input[type=checkbox] { width: auto; } label.check { display: flex; gap: .4rem; align-items: center; }
fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
button { font: inherit; padding: .35rem 1.2rem; border: 0; border-radius: 3px; background: #06c; color: #fff; cursor: pointer; }
button:disabled { background: #999; } section { margin-bottom: 3rem; overflow-x: auto; } .error { color: #b00; }
`;

/** The page of `/sim`: two forms, whose answers are put below them. */
export const simulatorPage = (): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Waiter: scaling simulator</title>
<link rel="stylesheet" href="/sim/page.css">
<script src="/sim/page.js" defer></script>
</head>
<body>
<h1>Scaling simulator</h1>
<p class="quiet">What policies would make of a load, without running anything. Runs here are short and bounded; for long ones
and for traces in files there is <code>waiter simulate</code>.</p>
<section>
<h2>Policies on a load</h2>
<p class="quiet">Every request of the load is served by exact slots of instances, under each policy in turn.</p>
<form data-to="/sim/requests?form=html">
${select('pattern', 'load', PATTERN_KINDS, 'spikes')}
${number('rate', 'highest rate (requests/s)', 20, 'any')}
${text('period', 'period', '5m')}
${text('length', 'length', '30m')}
${text('service-time', 'mean service time', '1s')}
${select('service-distribution', 'its distribution', DISTRIBUTION_KINDS, 'exponential')}
${text('startup', 'mean start-up', '5s')}
${select('startup-distribution', 'its distribution', DISTRIBUTION_KINDS, 'constant')}
${number('concurrency-level', 'concurrency-level', 1)}
${number('min-instances', 'min-instances', 1)}
${number('max-instances', 'max-instances', 100)}
${number('routers', 'routers', 1)}
${number('seed', 'seed', 1)}
<label class="wide">trace instead of the load, as JSON<textarea name="trace" data-json rows="1" placeholder='{"step": "1s", "counts": [3, 0, 12]}'></textarea></label>
<fieldset class="wide">${POLICY_NAMES.map(
  (name) =>
    `<label class="check"><input type="checkbox" name="policies" data-list value="${escapeHtml(name)}"${name === 'target-tracking' ? '' : ' checked'}>${escapeHtml(name)}</label>`,
).join('')}</fieldset>
<button>Simulate</button>
</form>
<output></output>
</section>
<section>
<h2>The formula on clients</h2>
<p class="quiet">The original's simulator: clients that send one request after the other, in whole ticks, around the original's formula.</p>
<form data-to="/sim?form=html" data-wrap>
${number('total-ticks', 'ticks', 3600)}
${number('idle-ticks', 'think time', 1)}
${number('request-ticks', 'service time', 5)}
${number('startup-ticks', 'start-up', 30)}
${number('min-instances', 'min-instances', 1)}
${number('max-instances', 'max-instances', 500)}
${number('scale-up-factor', 'scale-up-factor', 0.01, 'any')}
${number('scale-down-factor', 'scale-down-factor', 0.001, 'any')}
${number('jitter-threshold', 'jitter-threshold', 0.5, 'any')}
${number('scale-ticks', 'ticks between evaluations', 5)}
${number('cpus', 'cpus of an instance', 2, 'any')}
${number('mem', 'mem of an instance', 512)}
${number('quanta-cpus', 'quanta: cpus', 64)}
${number('quanta-mem', 'quanta: mem', 524288)}
${check('use-quanta', 'use quanta', true)}
${check('randomize-times', 'randomise times', true)}
${check('clients-exit-immediately', 'clients exit immediately', true)}
<label class="wide">clients that come and leave, by tick<textarea name="client-curve" data-json rows="1">{"600": 100, "1800": -100}</textarea></label>
<button>Simulate</button>
</form>
<output></output>
</section>
</body>
</html>
`;

function text(name: string, label: string, value: string): string {
  return `<label>${label}<input name="${name}" value="${value}" required></label>`;
}

function number(name: string, label: string, value: number, step: number | 'any' = 1): string {
  return `<label>${label}<input type="number" name="${name}" value="${value}" step="${step}" min="0" required></label>`;
}

function check(name: string, label: string, checked: boolean): string {
  return `<label class="check"><input type="checkbox" name="${name}"${checked ? ' checked' : ''}>${label}</label>`;
}

function select(name: string, label: string, values: readonly string[], chosen: string): string {
  const options = values.map(
    (value) => `<option${value === chosen ? ' selected' : ''}>${escapeHtml(value)}</option>`,
  );
  return `<label>${label}<select name="${name}">${options.join('')}</select></label>`;
}
